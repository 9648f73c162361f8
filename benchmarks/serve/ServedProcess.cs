using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Net.Http;
using System.Threading.Tasks;

namespace Plimsoll.Serve.Figures;

/// <summary><c>plimsoll serve</c> in a process of its own, to be measured or killed.</summary>
sealed class ServedProcess : IDisposable
{
    readonly Process _process;

    ServedProcess(Process process, string address)
    {
        _process = process;
        Client = new HttpClient { BaseAddress = new Uri(address), Timeout = TimeSpan.FromMinutes(5) };
    }

    public HttpClient Client { get; }

    public TimeSpan Cpu
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public long MemoryBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>Open files, sockets and the like.</summary>
    public int Handles => Directory.GetFileSystemEntries($"/proc/{_process.Id}/fd").Length;

    /// <summary>What <c>/metrics</c> says under a name, labels and all.</summary>
    public async Task<double> MetricAsync(string name)
    {
        foreach (var line in (await Client.GetStringAsync("/metrics")).Split('\n'))
        {
            if (line.StartsWith(name + " ", StringComparison.Ordinal))
                return double.Parse(line.AsSpan(name.Length + 1), CultureInfo.InvariantCulture);
        }
        throw new InvalidOperationException($"/metrics has no {name}");
    }

    public static Task<ServedProcess> StartAsync(string binary, params string[] arguments) =>
        RunAsync(binary, ["serve", "--port", "0", .. arguments]);

    /// <summary>A server as a file configures it.</summary>
    public static Task<ServedProcess> StartOfAsync(string binary, string config) =>
        RunAsync(binary, ["serve", "--config", config]);

    static async Task<ServedProcess> RunAsync(string binary, string[] arguments)
    {
        var start = new ProcessStartInfo(binary) { RedirectStandardError = true };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        var process = Process.Start(start)!;
        const string Marker = "serving at ";
        while (await process.StandardError.ReadLineAsync() is { } line)
        {
            if (!line.Contains(Marker))
                continue;
            _ = process.StandardError.ReadToEndAsync();
            return new ServedProcess(
                process, line[(line.IndexOf(Marker, StringComparison.Ordinal) + Marker.Length)..]);
        }
        throw new InvalidOperationException("plimsoll serve did not start");
    }

    /// <summary>SIGKILL: no handler runs, nothing is flushed.</summary>
    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        Client.Dispose();
    }

    /// <summary>What a verb that ends says, and how it ends.</summary>
    public static int Run(string binary, params string[] arguments)
    {
        using var process = Process.Start(binary, arguments);
        process.WaitForExit();
        return process.ExitCode;
    }
}
