using System;
using System.Collections.Generic;
using Plimsoll.Core.Timing;

namespace Plimsoll.Server.Twins;

/// <summary>
/// What may be sent now of a batch line: so many tokens of its prompt, and whether that is all.
/// </summary>
public readonly record struct Release(int PromptTokens, bool IsWhole)
{
    public bool IsNothing => PromptTokens == 0;
}

/// <summary>What the promise leaves for batch lines.</summary>
public sealed partial class TwinReplica
{
    const int LeastSlice = 192;
    const int SliceStep = 16;
    const int MostPaused = 8;
    const long RestNs = 300_000_000;

    /// <summary>Share of the KV blocks that batch lines at their longest may fill.</summary>
    const double MostKv = 0.92;

    /// <summary>Interactive arrivals a second below which nobody is reckoned with.</summary>
    const double FewPerSecond = 0.02;

    readonly LateCredit _credit;
    long _restUntilNs;

    /// <summary>Gap within which a step must end, nanoseconds.</summary>
    double StepLimitNs => _options.ItlNs / _options.Margin;

    /// <summary>What of a line may be released now. Send it before asking again.</summary>
    /// <param name="promptTokens">The line's prompt.</param>
    /// <param name="sentTokens">How much of it earlier pieces have brought.</param>
    /// <param name="outputTokens">Its answer at most.</param>
    public Release Judge(int promptTokens, int sentTokens, int outputTokens, long nowNs)
    {
        Advance(nowNs);
        if (nowNs < _restUntilNs || BatchInPrefill() >= _options.PromptsInFlight)
            return default;
        if (!HasSeat(promptTokens + outputTokens))
            return default;
        var rest = promptTokens - sentTokens;
        var room = RoomTokens() - PrefillTokensAhead();
        var tokens = Fits(rest, room, nowNs) ? rest : _options.Slices ? LargestSlice(rest, room, nowNs) : 0;
        if (tokens == 0 || !KeepsNewcomer(tokens, nowNs))
            tokens = Alone(rest, nowNs);
        return tokens == 0 ? default : new Release(sentTokens + tokens, tokens == rest);
    }

    /// <summary>
    /// What goes to an engine that nobody asks for anything, whatever is believed of it: a step that was once
    /// slow is found to be faster by none but another step.
    /// </summary>
    int Alone(int rest, long nowNs) => _batch.Count > 0 || IsAnybodyThere(nowNs) ? 0
        : _options.Slices ? Math.Min(rest, LeastSlice) : rest;

    /// <summary>
    /// The lines to put out so that nobody's first token is late; newest first. One that has begun to answer
    /// stays: it would begin again, and what it had answered would be computed twice.
    /// </summary>
    public IReadOnlyList<TwinRequest> Pause(long nowNs)
    {
        if (!_options.Pauses || _batch.Count == 0 || !IsSomebodyLate(nowNs))
            return [];
        var paused = new List<TwinRequest>();
        for (var i = _batch.Count - 1; i >= 0 && paused.Count < MostPaused; i--)
        {
            var newest = _batch[i];
            if (newest.Heard > 0)
                continue;
            paused.Add(newest);
            newest.IsOver = true;
            Forget(newest, nowNs);
            if (!IsSomebodyLate(nowNs))
                break;
        }
        _restUntilNs = nowNs + RestNs;
        return paused;
    }

    int BatchInPrefill()
    {
        var count = 0;
        foreach (var request in _pending)
            count += request.IsBatch ? 1 : 0;
        return count;
    }

    bool HasSeat(int tokens)
    {
        var limits = _options.Limits;
        var requests = _scheduler.Requests + _newcomers.Count + Unseen;
        if (requests >= limits.MaxNumSeqs - 1 - (limits.MaxNumSeqs / 20))
            return false;
        var peak = (long)_scheduler.UsedBlocks;
        foreach (var line in _batch)
            peak += Math.Max(0, line.MaxOutputTokens - line.Given) / limits.BlockSize;
        return peak + (tokens / limits.BlockSize) <= MostKv * limits.NumBlocks;
    }

    /// <summary>Prompt tokens that waiting prompts bring into the next steps.</summary>
    int PrefillTokensAhead()
    {
        var tokens = 0;
        foreach (var request in _pending)
            tokens += request.PromptTokens - request.Computed;
        return tokens;
    }

    /// <summary>Most prompt tokens with which a step of one decode more ends within the gap.</summary>
    int RoomTokens()
    {
        var shape = _inFlight?.Shape ?? default;
        shape = WithUnseen(shape);
        var decodes = shape.Decodes + 1;
        var each = shape.Decodes > 0 ? shape.DecodeContextTokens / shape.Decodes : 512;
        var context = shape.DecodeContextTokens + each;
        var limit = StepLimitNs / _pace.Ratio;
        int low = -1, high = Math.Max(0, _options.Limits.MaxNumBatchedTokens - decodes);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            var step = new StepShape();
            step.AddDecodes(decodes, context + decodes);
            if (middle > 0)
                step.AddChunk(0, middle, endsPrompt: true);
            if (_options.StepTime.PredictNs(step) <= limit)
                low = middle;
            else
                high = middle - 1;
        }
        // A full step is within the gap: no arrival can break it.
        return low == _options.Limits.MaxNumBatchedTokens - decodes ? int.MaxValue / 2 : low;
    }

    /// <summary>
    /// Whether lateness is left for what the release is expected to make late: everybody who decodes, by the
    /// chance that prompts arriving meanwhile no longer fit.
    /// </summary>
    bool Fits(int tokens, int room, long nowNs)
    {
        // What can be cut need not make anybody late for certain.
        if (tokens > room && _options.Slices)
            return false;
        // A debt of late gaps is paid by those who come: while nobody does it would hold up lines for ever.
        if (!IsAnybodyThere(nowNs))
            return tokens <= room;
        var tail = _traffic.Tail(room - tokens, _pace.MeanNs, nowNs);
        var felt = Math.Max(1, Decodes - _batch.Count + BatchInPrefill());
        return tail <= _options.LateShare && !_credit.IsSpent
            || tail * felt * (1 + BatchInPrefill()) <= _credit.Left;
    }

    bool IsAnybodyThere(long nowNs) => _traffic.PerSecond(nowNs) > FewPerSecond
        || _pending.Count > BatchInPrefill() || Decodes > _batch.Count - BatchInPrefill();

    int LargestSlice(int rest, int room, long nowNs)
    {
        var most = Math.Min(rest, room) / SliceStep * SliceStep;
        int low = 0, high = most / SliceStep;
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (Fits(middle * SliceStep, room, nowNs))
                low = middle;
            else
                high = middle - 1;
        }
        return low * SliceStep >= LeastSlice ? low * SliceStep : 0;
    }

    bool KeepsNewcomer(int tokens, long nowNs)
    {
        var usual = (int)Math.Max(16, _traffic.MeanTokens);
        return PredictTtftNs(usual, nowNs, tokens) * _options.Margin <= _options.TtftNs;
    }
}
