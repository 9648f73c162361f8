using System;
using System.Collections.Generic;
using Plimsoll.Server.Twins;

namespace Plimsoll.Serve.Figures.Gates;

/// <summary>Batch lines going out and coming back.</summary>
sealed partial class GateRun
{
    void Notice(StepNotice notice, long nowNs)
    {
        for (var i = 0; i < notice.Tokens.Length; i++)
        {
            var request = notice.Tokens[i];
            if (!request.IsDropped)
                Hear(request, notice.Last[i], nowNs);
        }
        notice.Replica.Twin?.Advance(nowNs);
        Release(notice.Replica, nowNs);
    }

    void Hear(SentRequest request, bool last, long nowNs)
    {
        var replica = request.Replica;
        if (request.Twin is { } twin)
            replica.Twin!.Hear(twin, 1, last, nowNs);
        var first = request.Heard++ == 0;
        if (request.Line is null)
            Feel(request, first, nowNs);
        else if (!request.IsSlice && nowNs >= FromNs)
            (_batchTokens, request.Counted) = (_batchTokens + 1, request.Counted + 1);
        if (first && request.Line is not null)
            replica.BatchInPrefill--;
        request.LastNs = nowNs;
        if (last)
            End(request);
    }

    void Feel(SentRequest request, bool first, long nowNs)
    {
        var ns = nowNs - (first ? request.SentNs : request.LastNs);
        var limitNs = first ? _options.TtftNs : _options.ItlNs;
        _gate?.Hear(request.Replica, first, (double)ns / limitNs);
        if (first)
            request.IsLate = ns > limitNs;
        if (request.SentNs < FromNs)
            return;
        (first ? _ttfts : _gaps).Add(ns / 1e6f);
        if (!first)
            return;
        _judged++;
        _kept += request.IsLate ? 0 : 1;
    }

    void End(SentRequest request)
    {
        var replica = request.Replica;
        replica.Outstanding--;
        if (request.Line is not { } line)
            return;
        replica.Batch.Remove(request);
        if (request.IsSlice)
            replica.Begun.AddLast(line);
    }

    void PutOut(ReplicaState replica, TwinRequest paused, long nowNs)
    {
        var request = replica.Batch.Find(sent => sent.Twin == paused);
        if (request is null)
            return;
        _pauses++;
        request.IsDropped = true;
        replica.Rank.Cancel(request.Sequence!, nowNs);
        replica.Batch.Remove(request);
        replica.Outstanding--;
        if (request.Heard == 0)
            replica.BatchInPrefill--;
        var line = request.Line!;
        // As the gateway does it: the line begins again, and what of its answer was on its way is nobody's.
        _batchTokens -= request.Counted;
        replica.Begun.AddFirst(line);
    }

    void Release(ReplicaState replica, long nowNs)
    {
        if (_lines is null)
            return;
        for (var i = 0; i < 64; i++)
        {
            if (replica.Twin is { } twin && _gate is null ? !ReleaseByTwin(replica, twin, nowNs)
                : !ReleaseByGate(replica, nowNs))
            {
                return;
            }
        }
    }

    bool ReleaseByGate(ReplicaState replica, long nowNs)
    {
        if (!_gate!.MayRelease(replica))
            return false;
        var line = NewLine();
        Send(new SentRequest { SentNs = nowNs, Replica = replica, Line = line }, line.PromptTokens,
            line.OutputTokens, default, seen: true, nowNs);
        return true;
    }

    bool ReleaseByTwin(ReplicaState replica, TwinReplica twin, long nowNs)
    {
        if (replica.Begun.Count == 0)
            replica.Begun.AddLast(NewLine());
        var line = replica.Begun.First!.Value;
        var keys = line.Keys;
        var sent = Math.Min(line.PromptTokens - 1, twin.CachedTokens(keys));
        var release = twin.Judge(line.PromptTokens, sent, line.OutputTokens, nowNs);
        if (release.IsNothing)
            return false;
        replica.Begun.RemoveFirst();
        var request = new SentRequest
        {
            SentNs = nowNs,
            Replica = replica,
            Line = line,
            IsSlice = !release.IsWhole,
        };
        Send(request, release.PromptTokens, release.IsWhole ? line.OutputTokens : 1,
            keys.AsMemory(0, Math.Min(keys.Length, release.PromptTokens / _options.Limits.BlockSize)),
            seen: true, nowNs);
        return true;
    }

    BatchLine NewLine()
    {
        _lines!.Take(out var arrival);
        var keys = new ulong[(arrival.PromptTokens + arrival.OutputTokens) / _options.Limits.BlockSize];
        for (var i = 0; i < keys.Length; i++)
            keys[i] = ++_nextKey;
        return new BatchLine
        {
            PromptTokens = arrival.PromptTokens,
            OutputTokens = arrival.OutputTokens,
            Keys = keys,
        };
    }

    GateResult Result(string setting)
    {
        _ttfts.Sort();
        _gaps.Sort();
        var errors = new List<double>();
        foreach (var replica in _replicas)
        {
            if (replica.Twin?.Errors.Median is { } error)
                errors.Add(error);
        }
        errors.Sort();
        return new GateResult
        {
            Setting = setting,
            BatchTokensPerSecond = _batchTokens / _options.SecondsMeasured,
            TtftP95Ms = GateResult.Percentile(_ttfts, 0.95),
            ItlP95Ms = GateResult.Percentile(_gaps, 0.95),
            Kept = _judged == 0 ? 0 : (double)_kept / _judged,
            PredictionError = errors.Count == 0 ? null : errors[errors.Count / 2],
            Paused = _pauses / _options.SecondsMeasured,
        };
    }
}
