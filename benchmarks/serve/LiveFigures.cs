using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Text;
using System.Text.Json;
using System.Threading.Tasks;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Engine;
using Plimsoll.Inputs.Measured;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Planning.Simulation;
using Plimsoll.Server.Configuration;

namespace Plimsoll.Serve.Figures;

/// <summary>
/// The simulated engine behind HTTP against <c>simulate</c>: requests come to a running server by the clock,
/// its decision log says when each joined, and a simulation of those arrivals must decide the same and find
/// the same TTFT, ITL and throughput. What the client felt stands beside it, with the machine's noise in it.
/// </summary>
static class LiveFigures
{
    const string Model = "Llama-3.1-8B";
    const string Gpu = "h100_sxm";
    const double RequestsPerSecond = 8;
    const int WarmRequests = 100;
    const double MostDifference = 0.02;

    readonly record struct Latencies(double TtftMs, double ItlMs, double TokensPerSecond);

    /// <returns>0 when plans are identical and nothing differs by more than 2 %.</returns>
    public static async Task<int> PrintAsync(TextWriter output, string binary, int seconds)
    {
        var folder = Directory.CreateTempSubdirectory("plimsoll-live");
        var log = Path.Combine(folder.FullName, "decisions.jsonl");
        try
        {
            Latencies felt, told;
            var config = Path.Combine(folder.FullName, "live.yaml");
            await File.WriteAllTextAsync(config, Config(folder.FullName, log));
            using (var server = await ServedProcess.StartOfAsync(binary, config))
            {
                // Another model warms the code up: its requests are in nobody's mean.
                for (var i = 0; i < WarmRequests; i++)
                    await StreamedRequest.SendAsync(server.Client, "warm", -i, 16, 2);
                felt = await LoadAsync(server.Client, seconds);
                told = Told(await server.Client.GetStringAsync("/metrics"), felt.TokensPerSecond);
            }
            var logs = Directory.GetFiles(folder.FullName, "decisions*").Order();
            return Print(output, logs.First(), felt, told);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    static string Config(string folder, string log)
    {
        var text = new StringBuilder();
        text.Append($"listen: [\"http://127.0.0.1:0\"]\nstate: {folder}\ndecision_log: {log}\nmodels:\n");
        foreach (var name in new[] { "sim", "warm" })
        {
            text.Append($"  - name: {name}\n    simulated: {{ model: {Model}, gpu: {Gpu}, ");
            text.Append("prefix_caching: false }\n");
        }
        return text.ToString();
    }

    static int Print(TextWriter output, string log, Latencies felt, Latencies told)
    {
        var replayed = DecisionReplay.Run(log);
        var arrivals = Arrivals(log, out var limits, out var steps);
        var simulated = Simulate(arrivals, limits, out var planned);
        var same = replayed.Differences == 0 && planned.SequenceEqual(steps);
        output.WriteLine(FormattableString.Invariant(
            $"{arrivals.Count} requests, {steps.Count:#,0} steps, {planned.Count:#,0} simulated: plans ")
            + (same ? "identical" : "DIFFER"));
        var latencies = simulated.Latencies;
        Latencies theirs = new(
            latencies.Ttft.MeanNs!.Value / 1e6, latencies.Itl.MeanNs!.Value / 1e6,
            simulated.OutputTokensPerSecond);
        output.WriteLine("mean                 simulate   engine's metrics      client");
        var worst = Row(output, "TTFT, ms", theirs.TtftMs, told.TtftMs, felt.TtftMs);
        worst = Math.Max(worst, Row(output, "ITL, ms", theirs.ItlMs, told.ItlMs, felt.ItlMs));
        worst = Math.Max(worst, Row(
            output, "output tokens/s", theirs.TokensPerSecond, told.TokensPerSecond, felt.TokensPerSecond));
        output.WriteLine(FormattableString.Invariant($"furthest of the metrics: {worst:0.00 %}"));
        return same && worst <= MostDifference ? 0 : 1;
    }

    static double Row(TextWriter output, string name, double simulated, double told, double felt)
    {
        output.WriteLine(FormattableString.Invariant(
            $"{name,-18} {simulated,10:0.000} {told,10:0.000} {told / simulated - 1,7:+0.0 %;-0.0 %;0.0 %} ")
            + FormattableString.Invariant($"{felt,10:0.000} {felt / simulated - 1,7:+0.0 %;-0.0 %;0.0 %}"));
        return Math.Abs((told / simulated) - 1);
    }

    static async Task<Latencies> LoadAsync(HttpClient client, int seconds)
    {
        var random = new Random(7);
        var clock = Stopwatch.StartNew();
        var requests = new List<Task<StreamedRequest>>();
        for (double at = 0; ; at += -Math.Log(1 - random.NextDouble()) / RequestsPerSecond)
        {
            if (at > seconds)
                break;
            var wait = TimeSpan.FromSeconds(at) - clock.Elapsed;
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait);
            requests.Add(StreamedRequest.SendAsync(
                client, "sim", requests.Count + 1, Length(random, 600, 6000), Length(random, 120, 800)));
        }
        var seen = await Task.WhenAll(requests);
        var lastedMs = seen.Max(one => one.SentMs + one.LastMs) - seen.Min(one => one.SentMs);
        return new Latencies(
            seen.Average(one => one.TtftMs),
            seen.Sum(one => one.LastMs - one.TtftMs) / seen.Sum(one => one.Tokens - 1),
            seen.Sum(one => one.Tokens) / lastedMs * 1e3);
    }

    static int Length(Random random, double median, int most)
    {
        var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()))
            * Math.Cos(2 * Math.PI * random.NextDouble());
        return (int)Math.Clamp(median * Math.Exp(0.7 * normal), 2, most);
    }

    /// <summary>What the server says of itself, over all requests.</summary>
    static Latencies Told(string metrics, double tokensPerSecond)
    {
        return new Latencies(
            Mean("vllm:time_to_first_token_seconds"), Mean("vllm:inter_token_latency_seconds"),
            tokensPerSecond);

        double Mean(string name) => 1e3 * Sample(name + "_sum") / Sample(name + "_count");

        double Sample(string name) => metrics.Split('\n')
            .Where(line => line.StartsWith(name + "{", StringComparison.Ordinal)
                && line.Contains("\"sim\"", StringComparison.Ordinal))
            .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }

    /// <summary>When each request joined, and what it was, as the scheduler was told.</summary>
    static List<Arrival> Arrivals(string log, out SchedulerOptions limits, out List<MeasuredStep> steps)
    {
        var arrivals = new List<Arrival>();
        using var lines = File.ReadLines(log).GetEnumerator();
        lines.MoveNext();
        using (var header = JsonDocument.Parse(lines.Current))
            limits = header.RootElement.GetProperty("limits").Deserialize<SchedulerOptions>()!;
        steps = [];
        var reader = new DecisionSteps();
        while (lines.MoveNext())
        {
            if (reader.Take(Encoding.UTF8.GetBytes(lines.Current)) is { } step)
                steps.Add(step);
            using var document = JsonDocument.Parse(lines.Current);
            if (!document.RootElement.TryGetProperty("spec", out var json))
                continue;
            var spec = json.Deserialize<RequestSpec>();
            arrivals.Add(new Arrival
            {
                AtNs = spec.ArrivalNs!.Value,
                Session = -1,
                PromptTokens = spec.PromptTokens,
                OutputTokens = spec.MaxOutputTokens,
            });
        }
        arrivals.Sort((a, b) => a.AtNs.CompareTo(b.AtNs));
        return arrivals;
    }

    static SimulationResult Simulate(
        List<Arrival> arrivals, SchedulerOptions limits, out List<MeasuredStep> planned)
    {
        var steps = planned = [];
        var stepTime = EngineFactory.StepTime(
            new SimulatedConfig { Model = Model, Gpu = Gpu, PrefixCaching = false });
        return FleetSimulation.Run(
            new Fleet { Serving = new EnginePool(limits, stepTime) }, new LoggedArrivals(arrivals),
            closedLoop: false, new SimulationOptions
            {
                Requests = arrivals.Count,
                Leaps = false,
                StepObserver = (int _, in StepShape shape, int count, long _, long stepNs) =>
                    steps.AddRange(Enumerable.Repeat(new MeasuredStep(shape, stepNs), count)),
            });
    }
}
