using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Net.Http;
using System.Text;
using System.Threading.Tasks;

namespace Plimsoll.Serve.Figures;

/// <summary>
/// What passing through the gateway costs: requests and streamed tokens per CPU-second of its process, held
/// to one core, and what it adds to the latency of requests sent at half of what it can. The upstream and the
/// clients are other processes; CPU time is counted, since the machine may be busy. Beside it the same
/// through Kestrel and HttpClient with nothing between: what no gateway in these libraries gets below.
/// </summary>
static class GatewayFigures
{
    const int Connections = 32;
    const int Rounds = 4;
    const int WarmRequests = 15_000;
    const double Seconds = 10;
    const double SecondsOfPair = 4;

    public const string Whole =
        """{"model":"stub","max_tokens":4,"messages":[{"role":"user","content":"what is a load line?"}]}""";

    static readonly int _last = Environment.ProcessorCount - 1;
    static readonly string _stream = Whole.Replace("{\"model\"", "{\"stream\":true,\"model\"");

    /// <summary>A server on one core, and where it listens.</summary>
    sealed record Measured(Process Process, string Address);

    /// <param name="requests">Measured; a fifth as many streams.</param>
    public static Task PrintAsync(TextWriter output, string binary, int requests) =>
        BesideStubAsync(binary, async (stub, upstream, gateway) =>
        {
            using var bare = OnOneCore(_last, Environment.ProcessPath!, "bare", upstream);
            try
            {
                var theirs = new Measured(bare, await AddressAsync(bare));
                var perSecond = await PrintWholeAsync(output, gateway, theirs, requests);
                await PrintStreamsAsync(output, gateway, theirs, requests / 5);
                await PrintLatenciesAsync(output, upstream, gateway, stub, perSecond / 2);
            }
            finally
            {
                bare.Kill();
            }
        });

    /// <summary>What it adds to latency alone, at a rate that is named, in short runs.</summary>
    public static Task PrintLatencyAsync(TextWriter output, string binary, int perSecond, int pairs) =>
        BesideStubAsync(binary, async (stub, upstream, gateway) =>
        {
            await WarmAsync(gateway, Whole, WarmRequests);
            await WhileRealTimeAsync(output, gateway, stub, () => LatencyFigures.PrintPairsAsync(
                output, new Uri(upstream), new Uri(gateway.Address), perSecond, pairs, SecondsOfPair));
        });

    static async Task BesideStubAsync(string binary, Func<Process, string, Measured, Task> measure)
    {
        using var stub = OnOneCore(0, Environment.ProcessPath!, "stub");
        var upstream = (await stub.StandardOutput.ReadLineAsync())!;
        var folder = Directory.CreateTempSubdirectory("plimsoll-figures");
        var config = Path.Combine(folder.FullName, "gateway.yaml");
        await File.WriteAllTextAsync(config,
            $"listen: [\"http://127.0.0.1:0\"]\nstate: {folder.FullName}\nmodels:\n  - name: stub\n"
            + $"    price_usd_per_hour: 2\n    upstreams:\n      - url: {upstream}\n");
        using var gateway = OnOneCore(_last, binary, "serve", "--config", config);
        try
        {
            await measure(stub, upstream, new Measured(gateway, await AddressAsync(gateway)));
        }
        finally
        {
            gateway.Kill();
            stub.Kill();
            gateway.WaitForExit();
            folder.Delete(recursive: true);
        }
    }

    /// <returns>Requests per CPU-second of the gateway.</returns>
    static async Task<double> PrintWholeAsync(TextWriter output, Measured ours, Measured theirs, int requests)
    {
        var (mine, bare) = await MeasureAsync(ours, theirs, Whole, requests);
        output.WriteLine(FormattableString.Invariant(
            $"requests per CPU-second of the gateway   {mine,9:#,0}   {bare,9:#,0} with nothing between"));
        return mine;
    }

    static async Task PrintStreamsAsync(TextWriter output, Measured ours, Measured theirs, int streams)
    {
        var (mine, bare) = await MeasureAsync(ours, theirs, _stream, streams);
        output.WriteLine(FormattableString.Invariant(
            $"tokens per CPU-second, streams of 64     {mine * StubUpstream.StreamTokens,9:#,0}   ")
            + FormattableString.Invariant($"{bare * StubUpstream.StreamTokens,9:#,0} with nothing between"));
    }

    /// <summary>At half of what one core can, for seconds.</summary>
    static Task PrintLatenciesAsync(
        TextWriter output, string upstream, Measured ours, Process stub, double perSecond) =>
        WhileRealTimeAsync(output, ours, stub, async () =>
        {
            foreach (var isPoisson in new[] { false, true })
            {
                await LatencyFigures.PrintAsync(
                    output, new Uri(upstream), new Uri(ours.Address), perSecond, Seconds, isPoisson);
            }
        });

    /// <summary>At real-time priority where that may be.</summary>
    static async Task WhileRealTimeAsync(
        TextWriter output, Measured ours, Process stub, Func<Task> measure)
    {
        int[] processes = [ours.Process.Id, stub.Id, Environment.ProcessId];
        RealTime.StayOn(0, Environment.ProcessId);
        var isAlone = RealTime.TryGive(processes);
        try
        {
            output.WriteLine(isAlone ? "at real-time priority, so that nothing else gets between:"
                : "beside whatever else the machine does:");
            await measure();
        }
        finally
        {
            RealTime.TakeBack(processes);
        }
    }

    /// <summary>A process that the system lets run on one core only, as its runtime knows.</summary>
    static Process OnOneCore(int core, string binary, params string[] arguments) =>
        Start("taskset", ["-c", core.ToString(CultureInfo.InvariantCulture), binary, .. arguments]);

    static Process Start(string binary, params string[] arguments)
    {
        var start = new ProcessStartInfo(binary)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    static async Task<string> AddressAsync(Process gateway)
    {
        const string Marker = "serving at ";
        while (await gateway.StandardError.ReadLineAsync() is { } line)
        {
            if (!line.Contains(Marker))
                continue;
            _ = gateway.StandardError.ReadToEndAsync();
            return line[(line.IndexOf(Marker, StringComparison.Ordinal) + Marker.Length)..];
        }
        throw new InvalidOperationException("the gateway did not start");
    }

    /// <summary>
    /// Requests per CPU-second of both, in turns: what else the machine does then bears on both alike.
    /// </summary>
    static async Task<(double Ours, double Theirs)> MeasureAsync(
        Measured ours, Measured theirs, string body, int requests)
    {
        await WarmAsync(ours, body, requests / Rounds);
        await WarmAsync(theirs, body, requests / Rounds);
        double mine = 0, bare = 0;
        for (var round = 0; round < Rounds; round++)
        {
            mine += await CpuSecondsAsync(ours, body, requests / Rounds);
            bare += await CpuSecondsAsync(theirs, body, requests / Rounds);
        }
        return (requests / mine, requests / bare);
    }

    /// <summary>
    /// Loads a server until the compiler has done its work: ten rounds at least, as it takes some hundred
    /// thousand requests on one full core, and two on end no quicker than the best before.
    /// </summary>
    static async Task WarmAsync(Measured server, string body, int requests)
    {
        const int FewestRounds = 10, MostRounds = 20;
        const double Quicker = 0.97;
        var best = double.PositiveInfinity;
        var same = 0;
        for (var round = 0; round < MostRounds && same < 2; round++)
        {
            var seconds = await CpuSecondsAsync(server, body, requests);
            same = seconds < Quicker * best || round < FewestRounds - 2 ? 0 : same + 1;
            best = Math.Min(best, seconds);
        }
    }

    static async Task<double> CpuSecondsAsync(Measured server, string body, int requests)
    {
        server.Process.Refresh();
        var before = server.Process.TotalProcessorTime;
        await LoadAsync(server.Address, body, requests);
        server.Process.Refresh();
        return (server.Process.TotalProcessorTime - before).TotalSeconds;
    }

    /// <summary>Load alone, for whoever wants to look at a server meanwhile.</summary>
    public static Task LoadAsync(string address, int requests, bool streams) =>
        LoadAsync(address, streams ? _stream : Whole, requests);

    static async Task LoadAsync(string address, string body, int requests)
    {
        using var client = new HttpClient { BaseAddress = new Uri(address) };
        var loops = new Task[Connections];
        for (var i = 0; i < loops.Length; i++)
        {
            loops[i] = Task.Run(async () =>
            {
                for (var sent = 0; sent < requests / Connections; sent++)
                    await SendAsync(client, body);
            });
        }
        await Task.WhenAll(loops);
    }

    static async Task SendAsync(HttpClient client, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await client.PostAsync("/v1/chat/completions", content);
        response.EnsureSuccessStatusCode();
        await response.Content.ReadAsByteArrayAsync();
    }
}
