using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core.Measures;

namespace Plimsoll.Serve.Figures;

/// <summary>
/// What a gateway adds to the latency of a request: requests at scheduled moments, one in four of them
/// straight to the upstream, the others through the gateway, in one run from one client. Whatever machine,
/// client and upstream add is in both; latency counts from the scheduled moment.
/// </summary>
static class LatencyFigures
{
    const int Workers = 64;
    const int StraightOneIn = 4;

    /// <summary>What came while a core was away is worked off after that: so long nothing counts.</summary>
    const long RecoveryNs = 200_000_000;

    /// <summary>Latencies, sorted, ms.</summary>
    /// <param name="LeftOut">Share of the requests during which the machine was elsewhere.</param>
    sealed record Latencies(double[] Straight, double[] Through, double LeftOut);

    /// <summary>When each request is due, seconds from the start.</summary>
    /// <param name="perSecond">Through the gateway; those that go straight come on top.</param>
    static double[] Schedule(double perSecond, int requests, bool isPoisson)
    {
        var random = new Random(1);
        var due = new double[requests];
        var mean = (1 - (1.0 / StraightOneIn)) / perSecond;
        for (var i = 1; i < requests; i++)
            due[i] = due[i - 1] + (isPoisson ? -Math.Log(1 - random.NextDouble()) * mean : mean);
        return due;
    }

    /// <returns>p99 through the gateway less p99 straight, ms.</returns>
    public static async Task<double> PrintAsync(
        TextWriter output, Uri upstream, Uri gateway, double perSecond, double seconds, bool isPoisson)
    {
        var requests = (int)(perSecond * seconds);
        await MeasureAsync(upstream, gateway, Schedule(perSecond, requests / 4, isPoisson));
        var before = await CollectionsAsync(gateway);
        var (_, seen) = await MeasureAsync(upstream, gateway, Schedule(perSecond, requests, isPoisson));
        var after = await CollectionsAsync(gateway);
        var arrivals = isPoisson ? ", Poisson" : "";
        output.WriteLine(FormattableString.Invariant($"latency at {perSecond:#,0} requests/s{arrivals,-10}")
            + "   p50     p90     p99   p99.9 ms");
        PrintLine(output, "straight to the upstream", seen.Straight, null);
        PrintLine(output, "through the gateway", seen.Through, null);
        PrintLine(output, "added", seen.Through, seen.Straight);
        output.WriteLine(FormattableString.Invariant(
            $"  left out: {seen.LeftOut:0.0 %} of the requests, as a core was away then or just before"));
        output.WriteLine(FormattableString.Invariant(
            $"  meanwhile {after.Count - before.Count:0} collections in the gateway held it up for ")
            + FormattableString.Invariant($"{1e3 * (after.Seconds - before.Seconds):0.0} ms in all"));
        return At(seen.Through, 0.99) - At(seen.Straight, 0.99);
    }

    /// <summary>
    /// The same in short runs: of a run that something got into both lines suffer, and the median over runs
    /// says what is usual. With every request counted, and without those during which a core was away.
    /// </summary>
    public static async Task PrintPairsAsync(
        TextWriter output, Uri upstream, Uri gateway, double perSecond, int pairs, double seconds)
    {
        var requests = (int)(perSecond * seconds);
        await MeasureAsync(upstream, gateway, Schedule(perSecond, requests, isPoisson: true));
        List<double> median = [], tail = [], keptTail = [];
        output.WriteLine(FormattableString.Invariant(
            $"{pairs} runs of {seconds:0.#} s at {perSecond:#,0} requests/s, Poisson; p99, ms"));
        output.WriteLine("  straight  through    added   added, cores there   left out");
        for (var pair = 0; pair < pairs; pair++)
        {
            var (all, kept) = await MeasureAsync(upstream, gateway, Schedule(perSecond, requests, true));
            median.Add(At(all.Through, 0.5) - At(all.Straight, 0.5));
            tail.Add(At(all.Through, 0.99) - At(all.Straight, 0.99));
            var tells = Math.Min(kept.Straight.Length, kept.Through.Length) >= PercentileSamples.Needed(99);
            if (tells)
                keptTail.Add(At(kept.Through, 0.99) - At(kept.Straight, 0.99));
            output.WriteLine(
                FormattableString.Invariant($"{At(all.Straight, 0.99),10:0.00}{At(all.Through, 0.99),9:0.00}")
                + FormattableString.Invariant($"{tail[^1],9:0.00}")
                + (tells ? FormattableString.Invariant($"{keptTail[^1],21:0.00}") : $"{"too few",21}")
                + FormattableString.Invariant($"{kept.LeftOut,11:0 %}"));
        }
        output.WriteLine(FormattableString.Invariant(
            $"median of the runs: p50 +{Median(median):0.00} ms, p99 +{Median(tail):0.00} ms")
            + (keptTail.Count == 0 ? "" : FormattableString.Invariant(
                $", +{Median(keptTail):0.00} in the {keptTail.Count} that tell it with their cores there")));
    }

    static double Median(List<double> values)
    {
        values.Sort();
        var middle = values.Count / 2;
        return values.Count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }

    static void PrintLine(TextWriter output, string name, double[] sorted, double[]? less)
    {
        output.Write($"  {name,-34}");
        foreach (var share in new[] { 0.5, 0.9, 0.99, 0.999 })
        {
            output.Write(FormattableString.Invariant(
                $"{At(sorted, share) - (less is null ? 0 : At(less, share)),8:0.00}"));
        }
        output.WriteLine();
    }

    /// <summary>How often the gateway has collected, and for how long it was held up, as it says
    /// itself.</summary>
    static async Task<(double Count, double Seconds)> CollectionsAsync(Uri gateway)
    {
        using var client = new HttpClient { BaseAddress = gateway };
        double count = 0, seconds = 0;
        foreach (var line in (await client.GetStringAsync("/metrics")).Split('\n'))
        {
            if (line.StartsWith("dotnet_gc_collections_total{generation=\"gen0\"}", StringComparison.Ordinal))
                count = Value(line);
            else if (line.StartsWith("dotnet_gc_pause_time_seconds_total ", StringComparison.Ordinal))
                seconds = Value(line);
        }
        return (count, seconds);

        static double Value(string line) =>
            double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
    }

    static double At(double[] sorted, double share) => sorted[(int)(share * (sorted.Length - 1))];

    static async Task<(Latencies All, Latencies Kept)> MeasureAsync(Uri upstream, Uri gateway, double[] due)
    {
        var next = -1;
        var endNs = new long[due.Length];
        var watches = new Bystander[Environment.ProcessorCount];
        for (var core = 0; core < watches.Length; core++)
            watches[core] = new Bystander(core);
        var beganNs = MonotonicClock.NowNs + 50_000_000;
        var workers = new Task[Workers];
        for (var i = 0; i < workers.Length; i++)
        {
            workers[i] = Task.Factory.StartNew(
                Work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        await Task.WhenAll(workers);
        foreach (var watch in watches)
            watch.Dispose();
        return (Sort(due, endNs, beganNs, []), Sort(due, endNs, beganNs, watches));

        void Work()
        {
            using var straight = new PlainConnection(upstream, GatewayFigures.Whole);
            using var through = new PlainConnection(gateway, GatewayFigures.Whole);
            int number;
            while ((number = Interlocked.Increment(ref next)) < due.Length)
            {
                MonotonicClock.SleepUntil(beganNs + (long)(due[number] * 1e9));
                (number % StraightOneIn == 0 ? straight : through).Ask();
                endNs[number] = MonotonicClock.NowNs;
            }
        }
    }

    static Latencies Sort(double[] due, long[] endNs, long beganNs, Bystander[] watches)
    {
        List<double> straight = [], through = [];
        for (var i = 0; i < due.Length; i++)
        {
            var dueNs = beganNs + (long)(due[i] * 1e9);
            if (Array.Exists(watches, watch => watch.WasAway(dueNs - RecoveryNs, endNs[i])))
                continue;
            (i % StraightOneIn == 0 ? straight : through).Add((endNs[i] - dueNs) / 1e6);
        }
        straight.Sort();
        through.Sort();
        var kept = (double)(straight.Count + through.Count) / due.Length;
        return new Latencies([.. straight], [.. through], 1 - kept);
    }
}
