using System;
using System.Collections.Generic;
using System.Threading;
using Plimsoll.Core.Scheduling;
using Plimsoll.Engine.Grammars;
using Plimsoll.Engine.Sampling;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>Requests as they come in: judged, and handed to the scheduler.</summary>
public sealed partial class LlamaEngine
{
    public Answer Submit(EngineRequest request)
    {
        if (_failure is { } failure)
            return Answer.Refused(new Refusal(failure, RefusalKind.Unavailable));
        if (Refuse(request) is { } refusal)
            return Answer.Refused(refusal);
        AdapterLease? lease = null;
        if (request.Adapter is { } name && (lease = _adapters.Take(name)) is null)
            return Answer.Refused(new Refusal($"The model `{name}` does not exist.", RefusalKind.NotFound));
        try
        {
            return Submit(request, lease);
        }
        catch (EngineRefusalException e)
        {
            lease?.Dispose();
            return Answer.Refused(
                new Refusal(e.Message, RefusalKind.BadRequest) { Parameter = request.Format?.Parameter });
        }
    }

    Answer Submit(EngineRequest request, AdapterLease? lease)
    {
        Sequence? sequence = null;
        var prompt = request.Prompt.Span;
        sequence = new Sequence
        {
            Request = request,
            Answer = new Answer(prompt.Length, _clock.NowNs, _ => Cancel(sequence!)),
            Sampler =
                new TokenSampler(request.Sampling, WordsOf(request),
                    _options.Seed + (ulong)Interlocked.Increment(ref _serial)),
            Text = new TextStream(_model.Tokenizer),
            Stops = new StopScanner(request.Stop),
            Grammar = GrammarOf(request.Format),
            Lease = lease,
            Keys = PrefixKeys.Of(
                prompt, Facts.Limits.PrefixBlockTokens, _salt ^ (ulong)(lease?.Adapter.Serial ?? 0)),
        };
        var verdict = _loop.Add(sequence, new RequestSpec
        {
            PromptTokens = prompt.Length,
            MaxOutputTokens = request.MaxOutputTokens,
            Level = LevelOf(request),
            Adapter = lease?.Place ?? 0,
            Tenant = _tenants.Of(request.Tenant),
            TtftNs = request.TtftNs,
            ItlNs = request.ItlNs,
            CompletionNs = request.DeadlineNs,
            Priority = request.Priority,
            PrefixKeys = sequence.Keys,
        });
        if (!verdict.IsTaken)
        {
            sequence.Dispose();
            return Answer.Refused(new Refusal(
                "the promised latency cannot be kept now", RefusalKind.Overloaded, verdict.RetryAfterNs));
        }
        _wake.Set();
        if (verdict.Admission == Admission.Relegated)
            sequence.Answer.RelegatedTo = RelegationLevel;
        return sequence.Answer;
    }

    Refusal? Refuse(EngineRequest request)
    {
        if (request.Prompt.Length == 0)
            return new Refusal("the prompt is empty; expected at least one token", RefusalKind.BadRequest);
        if (request.MaxOutputTokens < 1)
        {
            return new Refusal("max_tokens must be at least 1", RefusalKind.BadRequest)
            {
                Parameter = "max_tokens",
            };
        }
        var from = 0;
        foreach (var image in request.Images)
        {
            if (Unknown(request.Prompt.Span[from..image.Start]) is { } before)
                return new Refusal(before, RefusalKind.BadRequest);
            from = image.End;
        }
        if (Unknown(request.Prompt.Span[from..]) is { } unknown)
            return new Refusal(unknown, RefusalKind.BadRequest);
        var asked = request.Prompt.Length + (long)request.MaxOutputTokens;
        return asked <= Facts.MaxModelTokens ? null : new Refusal(
            $"This model's maximum context length is {Facts.MaxModelTokens} tokens. However, you requested "
            + $"{asked} tokens ({request.Prompt.Length} in the messages, {request.MaxOutputTokens} in the "
            + "completion). Please reduce the length of either.", RefusalKind.BadRequest);
    }

    /// <summary>A token that the vocabulary has not; null without one.</summary>
    string? Unknown(ReadOnlySpan<int> prompt)
    {
        foreach (var token in prompt)
        {
            if ((uint)token >= (uint)_model.Tokenizer.Size)
                return $"token {token} is not in the vocabulary of {_model.Tokenizer.Size}";
        }
        return null;
    }

    GrammarGuard? GrammarOf(AnswerFormat? format)
    {
        if (format is null)
            return null;
        var text = format.Grammar ?? JsonGrammar.Of(format.JsonSchema);
        try
        {
            return new GrammarGuard(_model.Tokenizer, GbnfGrammar.Read(text));
        }
        catch (GrammarTooCostlyException e)
        {
            throw new EngineRefusalException(e.Message);
        }
    }

    /// <summary>What of a prompt is text: penalties know nothing else.</summary>
    static ReadOnlySpan<int> WordsOf(EngineRequest request)
    {
        if (request.Images.Count == 0)
            return request.Prompt.Span;
        var words = new List<int>();
        foreach (var token in request.Prompt.Span)
        {
            if (token >= 0)
                words.Add(token);
        }
        return words.ToArray();
    }

    int LevelOf(EngineRequest request)
    {
        var levels = Facts.Limits.Levels;
        var sameClass = 0;
        for (var i = levels.Count - 1; i >= 0; i--)
        {
            if (levels[i].Name == request.Level)
                return i;
            if (levels[i].Class == request.Class)
                sameClass = i;
        }
        return sameClass;
    }

    string RelegationLevel
    {
        get
        {
            foreach (var level in Facts.Limits.Levels)
            {
                if (level.Class == ServiceClass.Batch)
                    return level.Name;
            }
            return "batch";
        }
    }
}
