using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Text.Json.Nodes;
using System.Threading;

namespace Plimsoll.Plan.Figures;

/// <summary>The real binary, as people run it.</summary>
static class Verb
{
    const double TicksPerSecond = 100;

    /// <summary>What a run printed and what it took; processor seconds and memory as last seen.</summary>
    public sealed record Outcome(int Code, string Text, double Seconds, double CpuSeconds, double PeakMb)
    {
        public JsonNode Json { get; } = Text.StartsWith('{') ? JsonNode.Parse(Text)! : new JsonObject();
    }

    /// <param name="arguments">Separated by spaces, quoted by double quotes.</param>
    public static Outcome Run(string arguments)
    {
        var started = Stopwatch.GetTimestamp();
        using var process = Process.Start(new ProcessStartInfo(Binary(), arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        var id = process.Id;
        double cpu = 0, peak = 0;
        using var watch = new Timer(_ => Look(id, ref cpu, ref peak), null, 20, 20);
        var story = process.StandardError.ReadToEndAsync();
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        if (process.ExitCode > 1)
            throw new InvalidOperationException($"plimsoll {arguments}: {story.Result}");
        return new Outcome(process.ExitCode, text, seconds, cpu, peak);
    }

    /// <summary>As Linux tells it; nothing elsewhere, or once it has ended.</summary>
    static void Look(int id, ref double cpu, ref double peak)
    {
        try
        {
            var fields = File.ReadAllText($"/proc/{id}/stat").Split(") ")[^1].Split(' ');
            cpu = Math.Max(cpu, (double.Parse(fields[11], CultureInfo.InvariantCulture)
                + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond);
            foreach (var line in File.ReadLines($"/proc/{id}/status"))
            {
                if (line.StartsWith("VmHWM:", StringComparison.Ordinal))
                    peak = Math.Max(peak, double.Parse(line[6..^2], CultureInfo.InvariantCulture) / 1e3);
            }
        }
        catch (Exception ended) when (ended is IOException or IndexOutOfRangeException)
        {
            // What was seen last stands.
        }
    }

    static string Binary()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Plimsoll.slnx")))
            folder = folder.Parent;
        var file = Path.Combine(
            folder?.FullName ?? ".", "src", "Plimsoll.Cli", "bin", "Release", "net10.0", "plimsoll");
        return File.Exists(file) ? file
            : throw new FileNotFoundException("plimsoll is not built; expected make build first", file);
    }
}
