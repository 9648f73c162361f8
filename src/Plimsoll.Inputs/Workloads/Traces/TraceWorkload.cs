using System.Collections.Generic;
using Plimsoll.Core.Promises;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>A trace as a workload: its own requests, at its own rate or any other.</summary>
public sealed class TraceWorkload : Workload
{
    const int HoursPerWeek = 168;

    readonly Trace _trace;
    readonly double[] _envelope;

    public TraceWorkload(Trace trace, string name)
    {
        _trace = trace;
        Name = name;
        double prompt = 0, output = 0;
        for (var i = 0; i < trace.Count; i++)
        {
            prompt += trace[i].PromptTokens;
            output += trace[i].OutputTokens;
        }
        MeanPromptTokens = prompt / trace.Count;
        MeanOutputTokens = output / trace.Count;
        _envelope = Envelope(trace);
        var levels = new List<LevelPromise>();
        foreach (var level in trace.Levels)
            levels.Add(LevelPromise.Named(level, []) with { IsStated = false });
        Levels = levels;
    }

    public Trace Trace => _trace;

    public override string Name { get; }

    public override string Source => $"{_trace.Report.Format} trace of {_trace.Count} requests";

    public override IReadOnlyList<string> Notes => [.. _trace.Report.Statements()];

    /// <summary>Requests over span; 1 where the trace has no times, so that a rate has to be given.</summary>
    public override double RequestsPerSecond => HasRate ? _trace.Count / _trace.SpanS : 1;

    public override bool HasRate => _trace.SpanS > 0;

    public override double MeanPromptTokens { get; }

    public override double MeanOutputTokens { get; }

    public override long? Recorded => _trace.Count;

    public override bool ClosedLoop => _trace.ClosedLoop;

    public override IReadOnlyList<LevelPromise> Levels { get; }

    public override IReadOnlyList<string> Tenants => _trace.Tenants;

    public override IReadOnlyList<double> WeeklyEnvelope => _envelope;

    public override IArrivalSource Open(
        double requestsPerSecond, long requests, ulong seed, ArrivalProcess process = ArrivalProcess.Own,
        int? openSessions = null)
    {
        var own = process is ArrivalProcess.Own or ArrivalProcess.Representative or ArrivalProcess.Week;
        if (_trace.ClosedLoop && process == ArrivalProcess.AtOnce)
            return new SessionBacklog(_trace, requests, openSessions);
        if (_trace.ClosedLoop && own)
            return new SessionReplay(_trace, requestsPerSecond / RequestsPerSecond, requests);
        if (own && _trace.SpanS > 0)
            return new TraceArrivals(_trace, requestsPerSecond, requests, seed);
        return new OrderedReplay(
            _trace, process == ArrivalProcess.AtOnce ? 0 : requestsPerSecond, requests, seed);
    }

    /// <summary>
    /// Demand by hour when the trace spans two days or more; a day repeats until there is a week.
    /// </summary>
    static double[] Envelope(Trace trace)
    {
        var hours = (int)(trace.SpanS / 3600);
        if (hours < 48 || trace.ClosedLoop)
            return [1.0];
        hours = hours >= HoursPerWeek ? HoursPerWeek : hours / 24 * 24;
        var counts = new double[hours];
        long counted = 0;
        var whole = (long)(trace.SpanS / 3600) / hours * hours;
        for (var i = 0; i < trace.Count; i++)
        {
            var hour = trace[i].AtNs / 3_600_000_000_000;
            if (hour >= whole)
                break;
            counts[hour % hours]++;
            counted++;
        }
        var week = new double[HoursPerWeek];
        double sum = 0;
        for (var hour = 0; hour < HoursPerWeek; hour++)
            sum += week[hour] = counts[hour % hours] * hours / counted;
        for (var hour = 0; hour < HoursPerWeek; hour++)
            week[hour] *= HoursPerWeek / sum;
        return week;
    }
}
