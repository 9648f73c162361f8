using System;
using System.Diagnostics;
using System.IO;
using System.Threading;
using CsCheck;
using Plimsoll.Tests.Scheduling;

namespace Plimsoll.Benchmarks;

/// <summary>
/// The laws of the policy <c>slack</c> over so many millions of random events each, by the very executors of
/// the tests: <c>-- slack-laws [millions]</c>. One is late, lies, aborts and cancels; what whole runs promise
/// is held by one whose steps take what was predicted and which else does what it likes. A broken law ends it
/// and prints the seed.
/// </summary>
static class SlackLaws
{
    const int RunsAtOnce = 500;

    public static void Print(TextWriter output, double millions)
    {
        Print(output, millions, "limits, tokens and blocks; equal plans again", HostileSlack.Any, Hostile);
        Print(output, millions, "admitted requests meet TTFT", SlackPromises.Rejecting,
            SlackPromises.FirstTokensAreInTime);
        Print(output, millions, "every gap within ITL while decodes fit", SlackPromises.TwoLevels,
            SlackPromises.GapsAreKept);
        Print(output, millions, "batch work only lengthens steps", SlackPromises.TwoLevels,
            SlackPromises.BatchWorkOnlyLengthensSteps);
        Print(output, millions, "batch work displaces nothing", SlackPromises.Crowded,
            SlackPromises.BatchWorkDisplacesNothing);
        Print(output, millions, "a promised share, in every stretch of time", SlackPromises.Sharing,
            SlackPromises.ShareIsKept);
        output.WriteLine("no law broken");
    }

    static void Print<T>(TextWriter output, double millions, string law, Gen<T> gen, Func<T, long> holds)
    {
        var watch = Stopwatch.StartNew();
        long events = 0, runs = 0;
        while (events < millions * 1e6)
        {
            gen.Sample(
                x =>
                {
                    Interlocked.Add(ref events, holds(x));
                    Interlocked.Increment(ref runs);
                },
                iter: RunsAtOnce);
        }
        output.WriteLine(FormattableString.Invariant($"{law,-46} {events,10:N0} events in {runs,6:N0} ")
            + FormattableString.Invariant($"random set-ups; {watch.Elapsed.TotalSeconds:0} s"));
    }

    /// <summary>
    /// In every plan: limits on tokens, sequences and blocks; batch work only within the time there is and
    /// after all interactive work, unless its share is owed; everybody who waits for a token in the step, one
    /// adapter's where a step carries no more; nobody who does in a step that may be cut short; prompts go on
    /// where they stopped and end with their last token; somebody goes on as long as anybody is here; all
    /// blocks come back.
    /// </summary>
    static long Hostile((Core.Scheduling.SchedulerOptions Options, bool Learns, ulong Seed) x)
    {
        var first = HostileSlack.Run(x.Options, x.Learns, x.Seed);
        var again = HostileSlack.Run(x.Options, x.Learns, x.Seed);
        if (first.ToTheEnd() != again.ToTheEnd())
            throw new InvalidOperationException("the same events gave other plans");
        return first.Events;
    }
}
