using System;
using System.Globalization;
using System.IO;
using Plimsoll.Bench.Runs;

namespace Plimsoll.Cli.Terminal;

/// <summary>
/// A run as it goes: one line kept fresh on a terminal, a line every ten seconds when piped.
/// </summary>
sealed class BenchProgress(TextWriter story) : IDisposable
{
    const double QuietS = 2;
    const double PipedPeriodS = 10;

    readonly bool _piped = Console.IsErrorRedirected;
    double _nextS = QuietS;
    int _shown;

    public void Report(RunProgress progress)
    {
        if (progress.ElapsedS < _nextS)
            return;
        var line = string.Create(CultureInfo.InvariantCulture,
             $"{progress.ElapsedS,6:0} s  {progress.Ended:N0} done, {progress.Failed:N0} failed, "
                + $"{progress.InFlight:N0} in flight")
            + string.Create(CultureInfo.InvariantCulture, $"  {progress.RequestsPerSecond:0.0} req/s, "
            + $"{progress.TokensPerSecond:N0} tok/s")
            + (progress.Asked is { } rate ? FormattableString.Invariant($"  trying {rate:0.00} req/s") : "")
            + $"  TTFT p50 {Ms(progress.TtftP50Ms)}, p95 {Ms(progress.TtftP95Ms)}";
        if (_piped)
        {
            _nextS = progress.ElapsedS + PipedPeriodS;
            story.WriteLine(line);
            return;
        }
        story.Write("\r" + line.PadRight(_shown));
        _shown = line.Length;
    }

    public void Clear()
    {
        if (_shown > 0)
            story.Write("\r" + new string(' ', _shown) + "\r");
        _shown = 0;
    }

    public void Dispose() => Clear();

    static string Ms(double? ms) => ms is { } known ? FormattableString.Invariant($"{known:0.#} ms") : "–";
}
