// SPDX-License-Identifier: MIT
#pragma once

#include <boost/system/result.hpp>

namespace coax {

/// A value or the error that prevented it. Pure functions and ports return it; nothing is thrown across a port.
template <class T>
using result = boost::system::result<T>;

using error_code = boost::system::error_code;

} // namespace coax
