// Asio and Beast, compiled once: BOOST_ASIO_SEPARATE_COMPILATION keeps their bodies out of every other file.
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
