using System.Collections.Generic;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>What is in a trace file, from one pass in bounded memory.</summary>
public sealed class TraceStatistics
{
    readonly ArrivalGaps _gaps = new();
    readonly RankCorrelation _correlation = new();
    readonly PrefixSharing _sharing = new();
    int _prefixBlockTokens;
    double _promptTokens;

    TraceStatistics(TraceReport report)
    {
        Report = report;
    }

    public TraceReport Report { get; }

    public LengthHistogram Input { get; } = new();

    public LengthHistogram Output { get; } = new();

    public bool HasTimes { get; private set; }

    public int Sessions { get; private set; }

    /// <summary>First arrival to last, seconds; null without times.</summary>
    public double? SpanS => HasTimes ? (_gaps.LastNs - _gaps.FirstNs) / 1e9 : null;

    public double? RequestsPerSecond => SpanS is > 0 and var span ? Report.RowsEmitted / span : null;

    /// <summary>Standard deviation ÷ mean of the gaps between arrivals.</summary>
    public double? GapVariation => HasTimes ? _gaps.Variation : null;

    /// <summary>Spearman's correlation of input and output lengths.</summary>
    public double? RankCorrelation => _correlation.Value();

    /// <summary>Share of prompt tokens that an endless cache would hold; null without keys.</summary>
    public double? PrefixHitShare =>
        _prefixBlockTokens > 0 ? _sharing.HitBlocks * _prefixBlockTokens / _promptTokens : null;

    /// <summary>Index of dispersion of counts in windows of this length; null when undefined.</summary>
    public double? Dispersion(double windowS) => HasTimes ? _gaps.Windows(windowS)?.Dispersion : null;

    public double? PeakOverMean(double windowS) => HasTimes ? _gaps.Windows(windowS)?.PeakOverMean : null;

    /// <param name="path">The trace.</param>
    /// <param name="options">What the user says of it.</param>
    /// <param name="progress">Told the rows read so far, now and then.</param>
    public static TraceStatistics Of(string path, TraceOptions options, System.Action<long>? progress = null)
    {
        using var scan = new TraceScan(TraceReader.Open(path, options));
        var statistics = new TraceStatistics(scan.Report);
        var sessions = new HashSet<int>();
        scan.Times.Arrives = statistics.Arrives;
        while (scan.Read(out var row))
        {
            statistics.Add(row);
            if ((scan.Report.RowsRead & 0xFFFF) == 0)
                progress?.Invoke(scan.Report.RowsRead);
            if (row.Session >= 0)
                sessions.Add(row.Session);
        }
        statistics.Sessions = sessions.Count;
        statistics.Finish(scan);
        return statistics;
    }

    void Arrives(long atNs)
    {
        if (atNs != TraceRow.NoTime)
            _gaps.Add(atNs);
    }

    void Add(in TraceRow row)
    {
        Input.Add(row.PromptTokens);
        Output.Add(row.OutputTokens);
        _correlation.Add(row.PromptTokens, row.OutputTokens);
        _promptTokens += row.PromptTokens;
        _sharing.Add(row.PrefixKeys.Span);
    }

    void Finish(TraceScan scan)
    {
        HasTimes = scan.HasTimes;
        _prefixBlockTokens = scan.Reader.PrefixBlockTokens;
        _gaps.Finish();
        if (Input.IsCapped)
        {
            Report.Note(
                $"{Input.CountAtMax} inputs share the maximum of {Input.Max} tokens: a cap, not a tail");
        }

        if (Output.IsCapped)
        {
            Report.Note(
                $"{Output.CountAtMax} outputs share the maximum of {Output.Max} tokens: a cap, not a tail");
        }

        if (_sharing.Sampled)
            Report.Note("prefix hits are estimated from a sample of the keys");
    }
}
