using System;
using Plimsoll.Core.Timing;

namespace Plimsoll.Server.Twins;

/// <summary>What the mirrored engine will do next if nobody else comes.</summary>
public sealed partial class TwinReplica
{
    /// <summary>Steps that a forecast looks ahead.</summary>
    const int MostAhead = 2000;

    /// <summary>A prompt that a forecast carries along.</summary>
    struct Ahead
    {
        public int Start;
        public int Left;
        public int Prompt;
        public long VisibleNs;
        public long DueNs;
        public bool IsAsked;
    }

    Ahead[] _ahead = new Ahead[64];
    bool _isLate;

    /// <summary>
    /// Time from now until a request's first token came back if it were sent now, nanoseconds. Seats and KV
    /// are taken to suffice.
    /// </summary>
    /// <param name="newTokens">Prompt tokens that are not cached.</param>
    /// <param name="before">Batch tokens to be sent just before it.</param>
    public long PredictTtftNs(int newTokens, long nowNs, int before = 0)
    {
        var count = Fill();
        if (before > 0)
            Push(ref count, 0, before, nowNs + ReturnNs, isAsked: false);
        else if (Meanwhile(nowNs) is > 0 and var others)
            Push(ref count, 0, others, nowNs + ReturnNs, isAsked: false);
        Push(ref count, 0, Math.Max(1, newTokens), nowNs + ReturnNs, isAsked: true);
        return Roll(count, nowNs, long.MaxValue) - nowNs;
    }

    /// <summary>
    /// Prompt tokens that will usually join the same plan as a newcomer: interactive ones at their rate until
    /// the plan is made, batch ones where the news that lets them go comes before that.
    /// </summary>
    int Meanwhile(long nowNs)
    {
        if (_inFlight is null)
            return 0;
        var visibleNs = nowNs + ReturnNs;
        var endNs = Math.Max(PredictedEndNs, nowNs);
        var isNext = visibleNs > endNs;
        var whileNs = Math.Max(0, endNs + (isNext ? _pace.MeanNs : 0) - visibleNs);
        var tokens = (_traffic.PerSecond(nowNs) * _traffic.MeanTokens * whileNs / 1e9)
            + (isNext ? _batchPerStep : 0);
        return (int)Math.Min(_options.Limits.MaxNumBatchedTokens, tokens);
    }

    /// <summary>Whether some interactive prompt that waits will miss its first token's promise.</summary>
    bool IsSomebodyLate(long nowNs)
    {
        var count = Fill();
        var any = false;
        for (var i = 0; i < _pending.Count; i++)
        {
            if (_pending[i].IsBatch)
                continue;
            _ahead[i].IsAsked = any = true;
            _ahead[i].DueNs = _pending[i].SentNs + (long)(_options.TtftNs / _options.Margin);
        }
        if (!any)
            return false;
        _isLate = false;
        Roll(count, nowNs, 4 * _options.TtftNs);
        return _isLate;
    }

    int Fill()
    {
        var count = 0;
        foreach (var request in _pending)
        {
            Push(ref count, request.Computed, Math.Max(1, request.PromptTokens - request.Computed),
                request.VisibleNs, isAsked: false);
        }
        return count;
    }

    void Push(ref int count, int start, int left, long visibleNs, bool isAsked)
    {
        if (count == _ahead.Length)
            Array.Resize(ref _ahead, 2 * count);
        _ahead[count++] = new Ahead
        {
            Start = start,
            Left = left,
            Prompt = start + left,
            VisibleNs = visibleNs,
            DueNs = long.MaxValue,
            IsAsked = isAsked,
        };
    }

    /// <summary>
    /// Steps the sums on: prompts in order of arrival get what the decodes leave of the budget. Returns when
    /// the last prompt that is asked for gives its token.
    /// </summary>
    long Roll(int count, long nowNs, long horizonNs)
    {
        var ahead = _ahead.AsSpan(0, count);
        var timeNs = Math.Max(nowNs, _clockNs);
        var previousNs = timeNs;
        int decodes = 0, first = 0;
        long context = 0;
        if (_inFlight is { } plan)
        {
            decodes = plan.Shape.Decodes + Unseen;
            context = WithUnseen(plan.Shape).DecodeContextTokens;
            previousNs = _begunNs;
            timeNs = Math.Max(PredictedEndNs, nowNs);
            ApplyInFlight(ahead, ref decodes, ref context, timeNs);
        }
        var until = horizonNs == long.MaxValue ? horizonNs : nowNs + horizonNs;
        for (var step = 0; step < MostAhead && timeNs < until; step++)
        {
            while (first < count && ahead[first].Left == 0)
                first++;
            if (first == count || IsAnswered(ahead[first..]))
                break;
            var shape = Next(ahead, first, decodes, context, previousNs);
            if (shape.IsEmpty || shape.PrefillChunks == 0 && decodes == 0)
            {
                previousNs = timeNs = Math.Max(timeNs, Soonest(ahead[first..]));
                shape = Next(ahead, first, decodes, context, previousNs);
            }
            previousNs = timeNs;
            timeNs += (long)(_options.StepTime.PredictNs(shape) * _pace.Ratio);
            Apply(ahead, first, ref decodes, ref context, timeNs);
        }
        return timeNs;
    }

    static bool IsAnswered(ReadOnlySpan<Ahead> ahead)
    {
        foreach (ref readonly var prompt in ahead)
        {
            if (prompt.IsAsked && prompt.Left > 0)
                return false;
        }
        return true;
    }

    static long Soonest(ReadOnlySpan<Ahead> ahead)
    {
        var soonest = long.MaxValue;
        foreach (ref readonly var prompt in ahead)
            soonest = prompt.Left > 0 ? Math.Min(soonest, prompt.VisibleNs) : soonest;
        return soonest;
    }

    readonly int[] _given = new int[256];
    int _givenFrom;
    int _givenTo;

    /// <summary>The next plan's sums; what it gives to whom is kept for <see cref="Apply"/>.</summary>
    StepShape Next(Span<Ahead> ahead, int first, int decodes, long context, long seenNs)
    {
        var shape = new StepShape();
        if (decodes > 0)
            shape.AddDecodes(decodes, context + decodes);
        var left = _options.Limits.MaxNumBatchedTokens - decodes;
        (_givenFrom, _givenTo) = (first, first);
        for (var i = first; i < ahead.Length && left > 0 && i - first < _given.Length; i++)
        {
            ref var prompt = ref ahead[i];
            _givenTo = i + 1;
            _given[i - first] = 0;
            if (prompt.Left == 0 || prompt.VisibleNs > seenNs)
                continue;
            var tokens = Math.Min(left, prompt.Left);
            shape.AddChunk(prompt.Start, tokens, tokens == prompt.Left);
            _given[i - first] = tokens;
            left -= tokens;
        }
        return shape;
    }

    void Apply(Span<Ahead> ahead, int first, ref int decodes, ref long context, long timeNs)
    {
        context += decodes;
        for (var i = _givenFrom; i < _givenTo; i++)
        {
            ref var prompt = ref ahead[i];
            var tokens = _given[i - first];
            if (tokens == 0)
                continue;
            prompt.Start += tokens;
            prompt.Left -= tokens;
            if (prompt.Left > 0)
                continue;
            decodes++;
            context += prompt.Prompt;
            _isLate |= prompt.IsAsked && timeNs > prompt.DueNs;
        }
    }

    /// <summary>What the plan in flight will have done when it ends.</summary>
    void ApplyInFlight(Span<Ahead> ahead, ref int decodes, ref long context, long endNs)
    {
        foreach (ref readonly var chunk in _inFlight!.Chunks)
        {
            if (Of(chunk.Request) is not { } request)
                continue;
            var i = _pending.IndexOf(request);
            if (i < 0)
                continue;
            ahead[i].Start = chunk.Start + chunk.Tokens;
            ahead[i].Left = Math.Max(0, request.PromptTokens - ahead[i].Start);
            if (ahead[i].Left > 0)
                continue;
            decodes++;
            context += request.PromptTokens;
            _isLate |= ahead[i].IsAsked && endNs > ahead[i].DueNs;
        }
    }
}
