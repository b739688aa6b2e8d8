#pragma once
// How coroutines wait for I/O: it reports, it does not throw. For .cpp files only, as all of Asio.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace windlass {

inline constexpr auto nothrow = boost::asio::as_tuple(boost::asio::use_awaitable);

}  // namespace windlass
