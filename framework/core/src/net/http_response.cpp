// SPDX-License-Identifier: MIT
#include "net/http_response.hpp"

#include <array>
#include <cstdio>
#include <ctime>

namespace coax {

namespace {

std::string_view reason_phrase(unsigned status) noexcept
{
    switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 426: return "Upgrade Required";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "Status"; // RFC 9112 4: the phrase means nothing to a client
    }
}

std::string head(unsigned status, std::string_view content_type, std::size_t length, const header_list& extra_headers)
{
    std::string text = "HTTP/1.1 " + std::to_string(status) + ' ';
    text.append(reason_phrase(status)).append("\r\n");
    if (!content_type.empty()) text.append("Content-Type: ").append(content_type).append("\r\n");
    for (const auto& [name, value] : extra_headers) text.append(name).append(": ").append(value).append("\r\n");
    return text.append("Content-Length: ").append(std::to_string(length)).append("\r\nConnection: close\r\n\r\n");
}

} // namespace

std::string http_response(unsigned status, std::string_view content_type, std::string_view body, const header_list& extra_headers)
{
    return head(status, content_type, body.size(), extra_headers).append(body);
}

std::string http_head_response(unsigned status, std::string_view content_type, std::string_view body, const header_list& extra_headers)
{
    return head(status, content_type, body.size(), extra_headers);
}

std::string http_error_response(unsigned status, std::string_view reason, const header_list& extra_headers)
{
    return http_response(status, "text/plain; charset=utf-8", reason, extra_headers);
}

std::string http_date(std::chrono::system_clock::time_point time)
{
    // Not strftime: its names follow the process's locale.
    static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    auto seconds = std::chrono::system_clock::to_time_t(time);
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    std::array<char, 96> text{};
    auto size = std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT", days[static_cast<std::size_t>(utc.tm_wday)],
                              utc.tm_mday, months[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
    return {text.data(), static_cast<std::size_t>(size)};
}

} // namespace coax
