// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace coax::bench {

/// A list's quartiles, interpolated between neighbours; zeros for an empty list.
struct quartiles {
    double low = 0;
    double median = 0;
    double high = 0;
};
quartiles quartiles_of(std::vector<double> values);

/// One server in one round of one row.
struct sample {
    double cpu_us = 0;     ///< per operation, with the kernel's network thread
    double per_second = 0; ///< operations, by the clock on the wall
    double p50_ms = 0;
    double p99_ms = 0;
};

/// One line pair of the table: samples of the same index are of the same round.
struct row {
    std::string name;
    std::vector<sample> coax;
    std::vector<sample> baseline;

    /// Baseline ÷ coax, CPU per operation, round by round: above 1 coax is cheaper.
    quartiles ratio() const;
};

/// Bytes of process memory per idle session.
struct memory_row {
    std::string name;
    double coax = 0;
    double baseline = 0;
};

/// A promise and what was measured.
struct bar {
    std::string name;
    double measured = 0;
    double limit = 0;
    bool is_minimum = true;
    std::string unit;

    bool is_met() const noexcept { return is_minimum ? measured >= limit : measured <= limit; }
};

/// `10000` as `10,000`.
std::string grouped(std::uint64_t number);

void print_rows(const std::vector<row>& rows);
void print_memory(const std::vector<memory_row>& rows);
/// Prints PASS or FAIL for each; true if all are met.
bool print_bars(const std::vector<bar>& bars);
/// One line per sample, tab-separated, for other tools.
void write_raw(const std::string& file, const std::vector<row>& rows);

} // namespace coax::bench
