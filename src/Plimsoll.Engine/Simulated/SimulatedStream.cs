using System.Collections.Generic;

namespace Plimsoll.Engine.Simulated;

/// <summary>
/// One answer of a simulated engine on its way to a reader: its words, its stop texts, its faults.
/// </summary>
sealed class SimulatedStream
{
    readonly List<AnswerToken> _held = [];
    readonly SimulatedWords _words;
    readonly SimulatedFault _fault;
    readonly SimulatedFaults _faults;
    readonly StopScanner _stops;
    readonly int? _topLogprobs;
    bool _over;

    public SimulatedStream(EngineRequest request, SimulatedWords words, SimulatedFault fault,
        SimulatedFaults faults)
    {
        _words = words;
        _fault = fault;
        _faults = faults;
        _stops = new StopScanner(request.Stop);
        _topLogprobs = request.TopLogprobs;
    }

    public required Answer Answer { get; init; }

    /// <summary>Set right after construction; the sequence's owner is this stream.</summary>
    public SimulatedSequence Sequence { get; set; } = null!;

    public int Rank { get; init; }

    /// <summary>When held tokens may go out; 0 while nothing is held.</summary>
    public long HeldUntilNs { get; private set; }

    /// <summary>
    /// Takes the next token. True when the work must end although the answer's length is not reached: a stop
    /// text, or an injected fault.
    /// </summary>
    public bool Add(long step, long timeNs, bool last)
    {
        if (_over)
            return false;
        var index = Sequence.Emitted - 1;
        if (index == 0)
            Answer.CachedTokens = Sequence.CachedTokens;
        if (_fault == SimulatedFault.SlowFirstToken && index == 0)
            HeldUntilNs = timeNs + _faults.SlowFirstTokenNs;
        if (index >= Sequence.OutputTokens / 2
            && _fault is not (SimulatedFault.None or SimulatedFault.SlowFirstToken))
        {
            if (_fault != SimulatedFault.Stall)
                return Break(step, timeNs);
            if (HeldUntilNs == 0 && index == Sequence.OutputTokens / 2)
                HeldUntilNs = timeNs + _faults.StallNs;
        }
        var token = _words.TokenAt(index);
        var (text, stopped) = _stops.Add(_words.TextOf(token, index));
        if (last && !stopped)
            text += _stops.Flush();
        Send(new AnswerToken
        {
            Token = token,
            Text = text,
            TimeNs = timeNs,
            Step = step,
            Finish = stopped ? FinishReason.Stop : last ? _words.EndReason : FinishReason.None,
            Logprob = _topLogprobs is null ? 0 : SimulatedWords.LogprobOf(token),
            TopLogprobs = _topLogprobs is > 0 and var most ? _words.Alternatives(token, most) : null,
        });
        return stopped && !last;
    }

    /// <summary>Ends the stream without a token.</summary>
    public void End(FinishReason reason, string text, long step, long timeNs)
    {
        if (!_over)
            Send(new AnswerToken { Token = -1, Text = text, TimeNs = timeNs, Step = step, Finish = reason });
    }

    /// <summary>Lets held tokens go.</summary>
    public void Release()
    {
        HeldUntilNs = 0;
        foreach (var token in _held)
            Write(token);
        _held.Clear();
    }

    bool Break(long step, long timeNs)
    {
        End(_fault == SimulatedFault.Drop ? FinishReason.Dropped : FinishReason.Failed,
            "the engine failed while it answered", step, timeNs);
        return true;
    }

    void Send(in AnswerToken token)
    {
        _over = token.Finish != FinishReason.None;
        if (HeldUntilNs > 0)
            _held.Add(token);
        else
            Write(token);
    }

    void Write(in AnswerToken token)
    {
        Answer.Writer.TryWrite(token);
        if (token.Finish != FinishReason.None)
            Answer.Writer.TryComplete();
    }
}
