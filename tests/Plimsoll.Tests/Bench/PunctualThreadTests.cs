using System;
using System.Runtime.InteropServices;
using System.Threading;
using Plimsoll.Bench.Runs;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Bench;

public sealed class PunctualThreadTests
{
    const int Ordinary = 0;
    const int RoundRobin = 2;
    const int ResetOnFork = 0x40000000;

    [Fact]
    public void Priority_is_the_thread_s_own_and_is_given_back()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux has it");
        var (asked, during, child, after) = (-1, -1, -1, -1);
        var thread = new Thread(() =>
        {
            using (var punctual = new PunctualThread())
            {
                asked = punctual.IsRealTime ? RoundRobin | ResetOnFork : Ordinary;
                during = sched_getscheduler(0);
                var started = new Thread(() => child = sched_getscheduler(0));
                started.Start();
                started.Join();
            }
            after = sched_getscheduler(0);
        });
        thread.Start();
        thread.Join();
        (during, child, after).ShouldBe((asked, Ordinary, Ordinary));
    }

    [DllImport("libc")]
    static extern int sched_getscheduler(int thread);
}
