using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Net.Http;
using System.Text;
using System.Threading.Tasks;

namespace Plimsoll.Serve.Figures;

/// <summary>
/// What passing through the gateway costs: requests and streamed tokens per CPU-second of its process, and
/// what it adds to the latency of requests sent one a millisecond. The upstream and the clients are other
/// processes; CPU time is counted, since the machine may be busy.
/// </summary>
static class GatewayFigures
{
    const int Connections = 32;

    const string Whole =
        """{"model":"stub","max_tokens":4,"messages":[{"role":"user","content":"what is a load line?"}]}""";

    static readonly string _stream = Whole.Replace("{\"model\"", "{\"stream\":true,\"model\"");

    /// <param name="requests">Measured; a fifth as many streams, and half as many before that settle the
    /// compiler.</param>
    public static async Task PrintAsync(TextWriter output, string binary, int requests)
    {
        using var stub = Start(Environment.ProcessPath!, "stub");
        var upstream = (await stub.StandardOutput.ReadLineAsync())!;
        var folder = Directory.CreateTempSubdirectory("plimsoll-figures");
        var config = Path.Combine(folder.FullName, "gateway.yaml");
        await File.WriteAllTextAsync(config,
            $"listen: [\"http://127.0.0.1:0\"]\nstate: {folder.FullName}\nmodels:\n  - name: stub\n"
            + $"    price_usd_per_hour: 2\n    upstreams:\n      - url: {upstream}\n");
        using var gateway = Start(binary, "serve", "--config", config);
        try
        {
            var address = await AddressAsync(gateway);
            await LoadAsync(address, Whole, requests / 2);
            var (_, requestSeconds) = await MeasureAsync(gateway, address, Whole, requests);
            output.WriteLine(FormattableString.Invariant(
                $"requests per CPU-second of the gateway   {requests / requestSeconds,9:#,0}"));
            await LoadAsync(address, _stream, requests / 20);
            var (streams, streamSeconds) = await MeasureAsync(gateway, address, _stream, requests / 5);
            var tokens = streams * StubUpstream.StreamTokens / streamSeconds;
            output.WriteLine(FormattableString.Invariant(
                $"tokens per CPU-second, streams of 64     ")
                + FormattableString.Invariant($"{tokens,9:#,0}"));
            var direct = await LatenciesAsync(upstream, requests / 10);
            var through = await LatenciesAsync(address, requests / 10);
            output.WriteLine(FormattableString.Invariant(
                $"latency at 1,000 requests/s, ms: p50 {At(direct, 0.5):0.00} direct, ")
                + FormattableString.Invariant($"{At(through, 0.5):0.00} through; p99 ")
                + FormattableString.Invariant(
                    $"{At(direct, 0.99):0.00} direct, {At(through, 0.99):0.00} through"));
        }
        finally
        {
            gateway.Kill();
            stub.Kill();
            gateway.WaitForExit();
            folder.Delete(recursive: true);
        }
    }

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

    static async Task<(int Requests, double CpuSeconds)> MeasureAsync(
        Process gateway, string address, string body, int requests)
    {
        gateway.Refresh();
        var before = gateway.TotalProcessorTime;
        await LoadAsync(address, body, requests);
        gateway.Refresh();
        return (requests, (gateway.TotalProcessorTime - before).TotalSeconds);
    }

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

    /// <summary>Requests one a millisecond, whatever became of those before; latencies sorted, ms.</summary>
    static async Task<List<double>> LatenciesAsync(string address, int requests)
    {
        using var client = new HttpClient { BaseAddress = new Uri(address) };
        var latencies = new List<Task<double>>();
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < requests; i++)
        {
            while (Stopwatch.GetElapsedTime(began).TotalMilliseconds < i)
                await Task.Yield();
            latencies.Add(TimedAsync(client));
        }
        var sorted = new List<double>(await Task.WhenAll(latencies));
        sorted.RemoveRange(0, requests / 4);
        sorted.Sort();
        return sorted;
    }

    static async Task<double> TimedAsync(HttpClient client)
    {
        var began = Stopwatch.GetTimestamp();
        await SendAsync(client, Whole);
        return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
    }

    static double At(List<double> sorted, double share) => sorted[(int)(share * (sorted.Count - 1))];
}
