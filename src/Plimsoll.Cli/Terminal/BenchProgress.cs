using System;
using System.Globalization;
using System.IO;
using System.Threading;
using Plimsoll.Bench.Runs;
using Plimsoll.Bench.Wire;

namespace Plimsoll.Cli.Terminal;

/// <summary>
/// A run as it goes: one line kept fresh on a terminal, a line every ten seconds when piped.
/// </summary>
sealed class BenchProgress(TextWriter story) : IDisposable
{
    const double QuietS = 2;

    /// <summary>A healthy endpoint on a busy machine may take a while to its first byte.</summary>
    const double SilentS = 5;
    const double PipedPeriodS = 10;

    readonly bool _piped = Console.IsErrorRedirected;
    readonly Lock _gate = new();
    Timer? _silence;
    double _nextS = QuietS;
    int _shown;

    /// <summary>
    /// Says on a terminal, unless something came before, that an endpoint has not answered yet.
    /// </summary>
    /// <param name="endpoint">Whose answer is awaited.</param>
    /// <param name="hasAnswered">Whether anything of it has come, be it no more than a refusal.</param>
    public void Await(EndpointOptions endpoint, Func<bool> hasAnswered)
    {
        if (_piped)
            return;
        var line = $"no answer from {endpoint.Address} yet; waiting "
            + FormattableString.Invariant($"{endpoint.TimeoutNs / 1e9:0.###} s for it (--timeout)");
        _silence = new Timer(_ =>
        {
            lock (_gate)
            {
                if (_silence is null || hasAnswered())
                    return;
                story.Write("\r" + line);
                _shown = line.Length;
            }
        }, null, TimeSpan.FromSeconds(SilentS), Timeout.InfiniteTimeSpan);
    }

    public void Report(RunProgress progress)
    {
        Answered();
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
        Answered();
        if (_shown > 0)
            story.Write("\r" + new string(' ', _shown) + "\r");
        _shown = 0;
    }

    public void Dispose() => Clear();

    void Answered()
    {
        lock (_gate)
        {
            _silence?.Dispose();
            _silence = null;
        }
    }

    static string Ms(double? ms) => ms is { } known ? FormattableString.Invariant($"{known:0.#} ms") : "–";
}
