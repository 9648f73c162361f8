using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using Plimsoll.Core.Scheduling;
using Plimsoll.Engine;
using Plimsoll.Server.Ledger;

namespace Plimsoll.Server.Serving;

/// <summary>A token and which of the request's answers it belongs to.</summary>
public readonly record struct ChoiceToken(int Choice, AnswerToken Token);

/// <summary>
/// One request served by an engine here: submits every answer, measures what comes back against the promise,
/// and closes the books. Disposing it before the end stops the work.
/// </summary>
public sealed class CompletionRun : IDisposable
{
    readonly LocalModel _model;
    readonly CompletionRequest _request;
    readonly LedgerBook _book;
    readonly Answer[] _answers;
    readonly long[] _firstTokenOfNs;
    readonly long[] _lastTokenNs;
    readonly int[] _outputTokens;
    long _firstTokenNs = -1;
    long _endNs;
    long _worstGapNs;
    int _finished;
    int _failed;
    bool _byLength;
    bool _isCounted;

    CompletionRun(LocalModel model, CompletionRequest request, LedgerBook book, RequestEntry entry,
        Answer[] answers)
    {
        _model = model;
        _request = request;
        _book = book;
        Entry = entry;
        _answers = answers;
        _firstTokenOfNs = new long[answers.Length];
        _lastTokenNs = new long[answers.Length];
        _outputTokens = new int[answers.Length];
        Array.Fill(_lastTokenNs, -1);
        _isCounted = request.Level.Class == ServiceClass.Interactive;
        if (_isCounted)
            model.CountInteractive(1);
    }

    public RequestEntry Entry { get; }

    public int Choices => _answers.Length;

    /// <summary>Where the first answer's text is gathered as it is read; null: it is not.</summary>
    public StringBuilder? Transcript { get; set; }

    /// <summary>Level that the work runs at, where it is another than was asked for.</summary>
    public string? RelegatedTo => _answers[0].RelegatedTo;

    /// <summary>Submits every answer; throws <see cref="ApiException"/> when one is refused.</summary>
    public static CompletionRun Start(
        LocalModel model, CompletionRequest request, string tenant, string requestId, LedgerBook book,
            string? adapter, string? release = null)
    {
        var entry = book.Open(requestId, tenant, request.Level.Name, model.Name, adapter ?? "", release,
            request.Kind == CompletionKind.Text ? "text_completion" : "chat");
        var answers = new List<Answer>();
        foreach (var prompt in request.Prompts)
        {
            for (var i = 0; i < request.Choices; i++)
            {
                var answer =
                    model.Engine.Submit(EngineRequestOf(request, prompt, i, tenant, adapter, entry.Id));
                if (answer.Refusal is { } refusal)
                {
                    foreach (var taken in answers)
                        taken.Cancel();
                    book.Close(entry, RequestStatus.Refused);
                    throw ApiException.Of(refusal, request.PromptParameter);
                }
                answers.Add(answer);
            }
        }
        entry.PromptTokens = (int)Math.Min(int.MaxValue, request.PromptTokens);
        model.Metrics.AddPrompt(entry.PromptTokens);
        return new CompletionRun(model, request, book, entry, [.. answers]);
    }

    /// <summary>Every token of every answer, as it comes.</summary>
    public async IAsyncEnumerable<ChoiceToken> ReadAsync(
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        var source = _answers.Length == 1 ? null : Merge(cancellation);
        while (true)
        {
            ChoiceToken next;
            if (source is null)
            {
                var tokens = _answers[0].Tokens;
                if (!tokens.TryRead(out var token)
                    && !(await tokens.WaitToReadAsync(cancellation).ConfigureAwait(false)
                        && tokens.TryRead(out token)))
                {
                    break;
                }
                next = new ChoiceToken(0, token);
            }
            else if (!source.TryRead(out next)
                && !(await source.WaitToReadAsync(cancellation).ConfigureAwait(false)
                    && source.TryRead(out next)))
            {
                break;
            }
            Measure(next);
            yield return next;
            if (_finished == _answers.Length)
                break;
        }
        foreach (var answer in _answers)
        {
            if (answer.Refusal is not { } refusal)
                continue;
            Settle();
            _book.Close(Entry, RequestStatus.Refused);
            throw ApiException.Of(refusal, _request.PromptParameter);
        }
        Close();
    }

    /// <summary>Whether a token can be read without waiting.</summary>
    public bool HasMore => _answers.Length == 1 && _answers[0].Tokens.TryPeek(out _);

    public void Dispose()
    {
        if (_isCounted)
            _model.CountInteractive(-1);
        _isCounted = false;
        if (_finished < _answers.Length)
        {
            foreach (var answer in _answers)
                answer.Cancel();
        }
        Close();
    }

    static EngineRequest EngineRequestOf(
        CompletionRequest request, int[] prompt, int choice, string tenant, string? adapter, long ledgerId)
    {
        var sampling = request.Sampling;
        // Choices differ from each other, and without a seed from request to request.
        if (choice > 0)
        {
            var seed = sampling.Seed ?? (ulong)Random.Shared.NextInt64();
            sampling = sampling with { Seed = unchecked(seed + ((ulong)choice * 7919)) };
        }
        return new EngineRequest
        {
            Prompt = prompt,
            Images = request.Images,
            MaxOutputTokens = request.MaxOutputTokens,
            MinOutputTokens = request.MinOutputTokens,
            IgnoreEos = request.IgnoreEos,
            Sampling = sampling,
            Stop = request.Stop,
            TopLogprobs = request.TopLogprobs,
            Format = request.Format,
            Class = request.Level.Class,
            Level = request.Level.Name,
            TtftNs = request.TtftNs ?? request.Level.TtftNs,
            ItlNs = request.ItlNs ?? request.Level.ItlNs,
            DeadlineNs = request.Level.WindowNs,
            Priority = request.Priority,
            Adapter = adapter,
            Tenant = tenant,
            LedgerId = ledgerId,
        };
    }

    ChannelReader<ChoiceToken> Merge(CancellationToken cancellation)
    {
        var merged =
            Channel.CreateUnbounded<ChoiceToken>(new UnboundedChannelOptions { SingleReader = true });
        var open = _answers.Length;
        for (var i = 0; i < _answers.Length; i++)
            _ = PumpAsync(i);
        return merged.Reader;

        async Task PumpAsync(int choice)
        {
            try
            {
                var tokens = _answers[choice].Tokens.ReadAllAsync(cancellation);
                await foreach (var token in tokens.ConfigureAwait(false))
                    merged.Writer.TryWrite(new ChoiceToken(choice, token));
            }
            catch (OperationCanceledException)
            {
                // Nobody reads any more.
            }
            if (Interlocked.Decrement(ref open) == 0)
                merged.Writer.TryComplete();
        }
    }

    void Measure(in ChoiceToken next)
    {
        var token = next.Token;
        var answer = _answers[next.Choice];
        if (next.Choice == 0)
            Transcript?.Append(token.Text);
        if (token.Token >= 0)
        {
            _outputTokens[next.Choice]++;
            if (_lastTokenNs[next.Choice] < 0)
            {
                var ttft = token.TimeNs - answer.SubmittedNs;
                _firstTokenNs = Math.Max(_firstTokenNs, ttft);
                _firstTokenOfNs[next.Choice] = ttft;
                _model.Metrics.AddFirstToken(Entry.Level, ttft / 1e9);
                Entry.CachedTokens += answer.CachedTokens;
            }
            else
            {
                var gap = token.TimeNs - _lastTokenNs[next.Choice];
                _worstGapNs = Math.Max(_worstGapNs, gap);
                _model.Metrics.AddGap(Entry.Level, gap / 1e9);
            }
            _lastTokenNs[next.Choice] = token.TimeNs;
            _model.Metrics.AddGenerated(1);
        }
        if (token.Finish == FinishReason.None)
            return;
        _finished++;
        _failed += token.Finish is FinishReason.Failed or FinishReason.Dropped or FinishReason.Cancelled ? 1
            : 0;
        _byLength |= token.Finish == FinishReason.Length;
        var tokens = _outputTokens[next.Choice];
        var endNs = token.TimeNs - answer.SubmittedNs;
        _endNs = Math.Max(_endNs, endNs);
        var firstNs = _firstTokenOfNs[next.Choice];
        _model.Metrics.EndToEnd.Add(endNs / 1e9);
        if (tokens > 1)
            _model.Metrics.TimePerOutputToken.Add((endNs - firstNs) / 1e9 / (tokens - 1));
        if (tokens > 0 && Entry.FirstStepNs > 0)
        {
            // Steps are told by request: the first answer's is everybody's.
            var startedNs = Math.Clamp(Entry.FirstStepNs - answer.SubmittedNs, 0, firstNs);
            _model.Metrics.AddWay(startedNs, firstNs, endNs);
        }
        if (_finished == _answers.Length)
            Settle();
    }

    /// <summary>
    /// What the answer's last chunk says of its cost and promise is known before that is written.
    /// </summary>
    void Settle()
    {
        var sum = 0;
        foreach (var tokens in _outputTokens)
            sum += tokens;
        Entry.OutputTokens = sum;
        Entry.IsCut = _byLength;
        Entry.TtftNs = _firstTokenNs >= 0 ? _firstTokenNs : null;
        Entry.E2eNs = _endNs > 0 ? _endNs : null;
        Entry.WorstItlNs = _worstGapNs > 0 ? _worstGapNs : null;
        var (ttft, itl) = (_request.TtftNs ?? _request.Level.TtftNs, _request.ItlNs ?? _request.Level.ItlNs);
        if (ttft is not null || itl is not null)
        {
            Entry.Kept = _failed == 0 && _finished == _answers.Length && _firstTokenNs >= 0
                && _firstTokenNs <= (ttft ?? long.MaxValue) && _worstGapNs <= (itl ?? long.MaxValue);
        }
    }

    void Close()
    {
        if (Entry.Status != RequestStatus.Open)
            return;
        Settle();
        var complete = _finished == _answers.Length && _failed == 0;
        _book.Close(Entry, complete ? RequestStatus.Completed
            : _failed > 0 ? RequestStatus.Failed : RequestStatus.Cancelled);
        _model.Metrics.Finish(!complete, _byLength, Entry.Kept);
        var longest = 0;
        foreach (var tokens in _outputTokens)
            longest = Math.Max(longest, tokens);
        _model.Metrics.AddRequest(Entry.PromptTokens, Entry.OutputTokens, longest, _request.Choices,
            _request.LimitsOutput ? _request.MaxOutputTokens : null);
    }
}
