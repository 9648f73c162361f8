using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Runs;
using Plimsoll.Bench.Wire;

namespace Plimsoll.Bench.Figures;

/// <summary>
/// What a run needs of memory as it gets longer: whole runs over real sockets against the emitter, the rows
/// of a file that fill what is remembered of prompts, the detail on disk. Each is a process of its own, so
/// that its peak is its own.
/// </summary>
static class MemoryFigure
{
    /// <summary>A million blocks of 64 bytes: as many as a run remembers.</summary>
    const int Rows = 8192;
    const int RowBytes = 8192;

    /// <summary>Runs of a quarter, a half and the whole of so many requests.</summary>
    public static void Print(int requests)
    {
        using var emitter = StreamFigures.Emit(out var url);
        foreach (var part in new[] { 4, 2, 1 })
        {
            var start = new ProcessStartInfo(Environment.ProcessPath!, ["memory-run", url,
                $"{requests / part}"]);
            using var run = Process.Start(start)!;
            run.WaitForExit();
        }
    }

    public static void Run(string url, int requests)
    {
        var rows = Path.GetTempFileName();
        try
        {
            Write(rows);
            using var run = new BenchRun(new BenchOptions
            {
                Endpoint = new EndpointOptions { BaseUrl = new Uri(url), Model = "emitter" },
                Levels = [new LevelOptions { Lengths = new LengthOptions(1, 1), Requests = requests,
                    Clients = 64 }],
                Load = "rows of a file", DatasetPath = rows, Detail = true,
            });
            var result = run.Run(CancellationToken.None);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{result.Completed:N0} served, {result.Failed:N0} failed in {result.DurationS:0} s, "
                    + $"{run.Detail?.Count:N0} in the detail: peak resident {PeakMb():0} MB, ")
                + string.Create(CultureInfo.InvariantCulture,
                $"of which the file's rows are {(double)Rows * RowBytes / 1e6:0} MB"));
        }
        finally
        {
            File.Delete(rows);
        }
    }

    /// <summary>No row shares a block with another.</summary>
    static void Write(string path)
    {
        using var file = new StreamWriter(path);
        var random = new Random(1);
        var text = new byte[RowBytes / 2];
        for (var i = 0; i < Rows; i++)
        {
            random.NextBytes(text);
            file.WriteLine($"{{\"prompt\":\"{Convert.ToHexString(text)}\",\"output_tokens\":4}}");
        }
    }

    /// <summary>As the system counts it (proc(5), VmHWM); its working set where it does not.</summary>
    static double PeakMb() => File.Exists("/proc/self/status")
        ? double.Parse(File.ReadLines("/proc/self/status").First(line =>
            line.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ',
                StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[1],
                CultureInfo.InvariantCulture) / 1000
        : Process.GetCurrentProcess().PeakWorkingSet64 / 1e6;
}
