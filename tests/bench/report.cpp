// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <stdexcept>

namespace coax::bench {
namespace {

double median_of(const std::vector<sample>& samples, double sample::*field)
{
    std::vector<double> values;
    for (const sample& one : samples) values.push_back(one.*field);
    return quartiles_of(std::move(values)).median;
}

void print_side(const char* title, const char* side, const std::vector<sample>& samples)
{
    const double cpu = median_of(samples, &sample::cpu_us);
    std::printf("%-38s %-9s %9.2f %12s %12s %9.3f %9.3f", title, side, cpu, grouped(cpu > 0 ? static_cast<std::uint64_t>(1e6 / cpu) : 0).c_str(),
                grouped(static_cast<std::uint64_t>(median_of(samples, &sample::per_second))).c_str(), median_of(samples, &sample::p50_ms),
                median_of(samples, &sample::p99_ms));
}

} // namespace

quartiles quartiles_of(std::vector<double> values)
{
    if (values.empty()) return {};
    std::sort(values.begin(), values.end());
    const auto at = [&values](double share) {
        const double position = share * static_cast<double>(values.size() - 1);
        const auto below = static_cast<std::size_t>(position);
        const std::size_t above = std::min(below + 1, values.size() - 1);
        return values[below] + (position - std::floor(position)) * (values[above] - values[below]);
    };
    return {at(0.25), at(0.5), at(0.75)};
}

quartiles row::ratio() const
{
    std::vector<double> ratios;
    for (std::size_t round = 0; round < std::min(coax.size(), baseline.size()); ++round)
        if (coax[round].cpu_us > 0) ratios.push_back(baseline[round].cpu_us / coax[round].cpu_us);
    return quartiles_of(std::move(ratios));
}

std::string grouped(std::uint64_t number)
{
    std::string text = std::to_string(number);
    for (std::size_t end = text.size(); end > 3; end -= 3) text.insert(end - 3, 1, ',');
    return text;
}

void print_rows(const std::vector<row>& rows)
{
    std::printf("%-38s %-9s %9s %12s %12s %9s %9s   %s\n", "", "", "CPU us", "per CPU s", "per s", "p50 ms", "p99 ms", "baseline / coax [quartiles]");
    for (const row& one : rows) {
        const quartiles ratio = one.ratio();
        print_side(one.name.c_str(), "coax", one.coax);
        std::printf("   %.2f [%.2f .. %.2f], %zu rounds\n", ratio.median, ratio.low, ratio.high, one.coax.size());
        print_side("", "baseline", one.baseline);
        std::printf("\n");
    }
}

void print_memory(const std::vector<memory_row>& rows)
{
    std::printf("\n%-46s %9s %9s\n", "Process memory per idle session, bytes", "coax", "baseline");
    for (const memory_row& one : rows) std::printf("%-46s %9.0f %9.0f\n", one.name.c_str(), one.coax, one.baseline);
}

bool print_bars(const std::vector<bar>& bars)
{
    bool all = true;
    std::printf("\n");
    for (const bar& one : bars) {
        all = all && one.is_met();
        std::printf("%s  %s: %.4g%s, wanted %s %g%s\n", one.is_met() ? "PASS" : "FAIL", one.name.c_str(), one.measured, one.unit.c_str(),
                    one.is_minimum ? "at least" : "at most", one.limit, one.unit.c_str());
    }
    return all;
}

void write_raw(const std::string& file, const std::vector<row>& rows)
{
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(std::fopen(file.c_str(), "w"), &std::fclose);
    if (!out) throw std::runtime_error("cannot write " + file);
    std::fprintf(out.get(), "row\tserver\tround\tcpu_us\tper_second\tp50_ms\tp99_ms\n");
    for (const row& one : rows) {
        const auto write = [&](const char* side, const std::vector<sample>& samples) {
            for (std::size_t round = 0; round < samples.size(); ++round)
                std::fprintf(out.get(), "%s\t%s\t%zu\t%.4f\t%.1f\t%.4f\t%.4f\n", one.name.c_str(), side, round + 1, samples[round].cpu_us,
                             samples[round].per_second, samples[round].p50_ms, samples[round].p99_ms);
        };
        write("coax", one.coax);
        write("baseline", one.baseline);
    }
}

} // namespace coax::bench
