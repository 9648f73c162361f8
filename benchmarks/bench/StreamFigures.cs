using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Text.Json;
using System.Threading;

namespace Plimsoll.Bench.Figures;

/// <summary>Stamps and CPU time of streams, ours and the baseline's in turn, against one emitter.</summary>
static class StreamFigures
{
    static readonly int Port = FreePort();

    static readonly string Url = $"http://127.0.0.1:{Port}";

    /// <summary>Pairs of runs; the order within a pair alternates.</summary>
    public static void Pairs(int pairs, int streams, int tokens, int intervalUs)
    {
        using var emitter = new EmitterProcess(Start());
        var (ours, theirs) = (new List<(double Error, double Cpu)>(), new List<(double Error, double Cpu)>());
        for (var pair = 0; pair < pairs; pair++)
        {
            for (var side = 0; side < 2; side++)
            {
                var mine = side == pair % 2;
                (mine ? ours : theirs).Add(mine
                    ? Measure(Self("client"), streams, tokens, intervalUs)
                    : Measure(("/usr/bin/python3", Script()), streams, tokens, intervalUs));
            }
            Console.WriteLine(Line($"pair {pair + 1}", ours[^1], theirs[^1]));
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{streams} streams, {1e6 * streams / intervalUs:N0} tokens/s: median ratio of timestamp "
                + $"error p99 {Median(ours.Zip(theirs, (a, b) => a.Error / b.Error)):0.000}, ")
            + string.Create(CultureInfo.InvariantCulture,
                $"of CPU per token {Median(ours.Zip(theirs, (a, b) => a.Cpu / b.Cpu)):0.000} "
                    + $"(ours over asyncio's)"));
    }

    /// <summary>One run of ours, and whether the client stayed within bounds.</summary>
    public static void Many(int streams, int tokens, int intervalUs)
    {
        using var emitter = new EmitterProcess(Start());
        var (error, cpu) = Measure(Self("client"), streams, tokens, intervalUs);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{streams} streams, {1e6 * streams / intervalUs:N0} tokens/s: timestamp error p99 "
                + $"{error / 1e6:0.00} ms, {cpu / 1e3:0.0} µs CPU a token"));
    }

    /// <summary>Sends at a metronome's pace against the emitter.</summary>
    public static void Lateness()
    {
        using var emitter = new EmitterProcess(Start());
        ClientFigures.Lateness(Url);
    }

    /// <summary>An emitter for as long as it is not disposed.</summary>
    public static EmitterProcess Emit(out string url)
    {
        url = Url;
        return new EmitterProcess(Start());
    }

    static string Line(string name, (double Error, double Cpu) ours, (double Error, double Cpu) theirs) =>
        string.Create(CultureInfo.InvariantCulture,
            $"{name}: error p99 {ours.Error / 1e6:0.000} against {theirs.Error / 1e6:0.000} ms, CPU "
                + $"{ours.Cpu / 1e3:0.0} against {theirs.Cpu / 1e3:0.0} µs a token");

    static (double ErrorNs, double CpuNs) Measure((string File, string First) client, int streams,
        int tokens, int intervalUs)
    {
        using var process = new Process { StartInfo =
            new ProcessStartInfo(client.File) { RedirectStandardOutput = true } };
        foreach (var argument in new[] { client.First,
            client.First.EndsWith(".py", StringComparison.Ordinal) ? Url + "/v1/chat/completions" : Url,
                $"{streams}", $"{tokens}", $"{intervalUs}" })
        {
            process.StartInfo.ArgumentList.Add(argument);
        }
        process.Start();
        using var json = JsonDocument.Parse(process.StandardOutput.ReadToEnd());
        process.WaitForExit();
        using var http = new HttpClient();
        using var truth = JsonDocument.Parse(http.GetStringAsync(Url + "/stamps").GetAwaiter().GetResult());
        var errors = new List<double>();
        foreach (var stream in json.RootElement.GetProperty("stamps").EnumerateObject())
        {
            var written = truth.RootElement.GetProperty(stream.Name);
            for (var i = 0; i < written.GetArrayLength(); i++)
                errors.Add(stream.Value[i].GetInt64() - written[i].GetInt64());
        }
        errors.Sort();
        if (json.RootElement.TryGetProperty("client", out var said))
            Console.WriteLine($"  {said.GetString()}");
        return (errors[(int)(0.99 * errors.Count)],
            json.RootElement.GetProperty("cpu_ns").GetDouble() / errors.Count);
    }

    static Process Start()
    {
        var (file, first) = Self("emitter");
        var process = new Process { StartInfo = new ProcessStartInfo(file, [first, $"{Port}"]) };
        process.Start();
        using var http = new HttpClient();
        for (var i = 0; i < 100; i++)
        {
            try
            {
                http.GetStringAsync(Url + "/v1/models").GetAwaiter().GetResult();
                return process;
            }
            catch (HttpRequestException)
            {
                Thread.Sleep(100);
            }
        }
        throw new InvalidOperationException("The emitter did not start.");
    }

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    static (string, string) Self(string verb) => (Environment.ProcessPath!, verb);

    static string Script()
    {
        var folder = AppContext.BaseDirectory;
        while (!System.IO.File.Exists(System.IO.Path.Combine(folder, "benchmarks", "bench", "baseline.py")))
            folder = System.IO.Path.GetDirectoryName(folder.TrimEnd('/'))!;
        return System.IO.Path.Combine(folder, "benchmarks", "bench", "baseline.py");
    }

    static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }
}

/// <summary>The emitter's process, ended with the figure.</summary>
sealed class EmitterProcess(Process process) : IDisposable
{
    public void Dispose()
    {
        process.Kill();
        process.WaitForExit();
        process.Dispose();
    }
}
