#include "common/dns/event_thread.hpp"

#include <gtest/gtest.h>
#include <pthread.h>

#include <csignal>
#include <stdexcept>

namespace defender::dns {
namespace {

TEST(EventThread, BlocksEverySignalThatCanBeBlocked) {
    EventThread thread;
    sigset_t mask;
    thread.run_and_wait([&] { pthread_sigmask(SIG_SETMASK, nullptr, &mask); });
    for (const int signal : {SIGTERM, SIGHUP, SIGINT, SIGUSR1, SIGPIPE, SIGCHLD}) {
        EXPECT_EQ(sigismember(&mask, signal), 1) << signal;
    }
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    EXPECT_EQ(sigismember(&mask, SIGTERM), 0);
}

TEST(EventThread, GivesBackTheExceptionOfTheWork) {
    EventThread thread;
    EXPECT_THROW(thread.run_and_wait([] { throw std::runtime_error("x"); }), std::runtime_error);
}

}  // namespace
}  // namespace defender::dns
