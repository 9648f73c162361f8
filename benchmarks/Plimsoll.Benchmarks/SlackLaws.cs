using System;
using System.Diagnostics;
using System.IO;
using System.Threading;
using CsCheck;
using Plimsoll.Tests.Scheduling;

namespace Plimsoll.Benchmarks;

/// <summary>
/// The laws of the policy <c>slack</c> over millions of random events, by the very executor of the tests,
/// which is late, lies, aborts and cancels: <c>-- slack-laws [millions]</c>. Every run is made twice, and
/// both have to end with the same digest of all decisions. A broken law ends it and prints the seed.
/// </summary>
static class SlackLaws
{
    const int RunsAtOnce = 500;

    public static void Print(TextWriter output, double millions)
    {
        var watch = Stopwatch.StartNew();
        long events = 0, runs = 0;
        while (events < millions * 1e6)
        {
            HostileSlack.Any.Sample(
                x =>
                {
                    var first = HostileSlack.Run(x.Options, x.Learns, x.Seed);
                    var again = HostileSlack.Run(x.Options, x.Learns, x.Seed);
                    if (first.ToTheEnd() != again.ToTheEnd())
                        throw new InvalidOperationException("the same events gave other plans");
                    Interlocked.Add(ref events, first.Events);
                    Interlocked.Increment(ref runs);
                },
                iter: RunsAtOnce);
        }
        output.WriteLine($"{events:N0} events in {runs:N0} random set-ups, each replayed to the same plans; "
            + $"no law broken; {watch.Elapsed.TotalSeconds:0} s");
        output.WriteLine("held in every plan: limits on tokens, sequences and blocks; batch work only within "
            + "the time there is and after all interactive work");
        output.WriteLine("unless its share is owed; everybody who waits for a token in the step; nobody who "
            + "does in a step that may be cut short;");
        output.WriteLine("prompts go on where they stopped and end with their last token; somebody goes on "
            + "as long as anybody is here; all blocks come back");
    }
}
