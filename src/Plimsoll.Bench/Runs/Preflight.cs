using System;
using System.Collections.Generic;
using System.Globalization;
using System.Net.Http;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Prompts;
using Plimsoll.Bench.Wire;

namespace Plimsoll.Bench.Runs;

/// <summary>
/// Before the load: is anybody there, how does it count tokens, how long is a word. Whatever is wrong with
/// the address, the key or the model shows here, in one line, and not as ten thousand failures.
/// </summary>
public sealed class Preflight(Endpoint endpoint, BodyForm bodies, RunClock clock)
{
    const int ProbeWords = 48;
    const int LongProbeWords = 384;

    EndpointOptions Options => endpoint.Options;

    /// <summary>
    /// What can be known before the load; throws <see cref="EndpointFailure"/> where nothing can.
    /// </summary>
    /// <param name="tokenizer">A tokenizer's file; null to ask the endpoint.</param>
    /// <param name="waitNs">How long to wait for an endpoint that is not there yet.</param>
    /// <param name="stop">Ends the wait.</param>
    public async Task<EndpointFacts> Run(string? tokenizer, long waitNs, CancellationToken stop)
    {
        using var counter = tokenizer is { } file
            ? new FileTokenizer(file)
            : await EngineTokenizer.Find(endpoint, stop).ConfigureAwait(false) as ITokenCounter;
        var words = await SingleTokenWords(counter, stop).ConfigureAwait(false);
        var vocabulary = words is null
            ? Vocabulary.Calibrated(1, 0, "a word is taken for a token")
            : Vocabulary.Exact(words, 0, counter!.Name);
        var until = clock.NowNs + waitNs;
        foreach (var usage in new[] { UsageForm.PerChunk, UsageForm.AtEnd, UsageForm.None })
        {
            var record = await Probe(usage, vocabulary, ProbeWords, until, stop).ConfigureAwait(false);
            if (record.Failure == FailureKind.Cancelled)
                stop.ThrowIfCancellationRequested();
            if (record.Failure == FailureKind.Refused && usage != UsageForm.None)
                continue;
            if (!record.Served)
            {
                throw new EndpointFailure(record.Failure, record.Status,
                    $"{Options.Address}: {record.Message}");
            }
            return new EndpointFacts
            {
                Model = Options.Model,
                Usage = usage,
                Counted = Counted(record),
                Vocabulary = record.HasUsage
                    ? await Measured(words, counter?.Name, usage, vocabulary, record,
                        stop).ConfigureAwait(false)
                    : vocabulary,
            };
        }
        throw new InvalidOperationException("the last form is never passed over");
    }

    /// <summary>Whoever takes a request to count with every chunk need not do so.</summary>
    static UsageForm Counted(RequestRecord record) => !record.HasUsage ? UsageForm.None
        : record.Arrivals is [{ TokensSoFar: >= 0 }, ..] ? UsageForm.PerChunk : UsageForm.AtEnd;

    /// <summary>
    /// What the endpoint counts beyond the words, and without a tokenizer how much a word is.
    /// </summary>
    async Task<Vocabulary> Measured(
        List<string>? words, string? name, UsageForm usage, Vocabulary vocabulary, RequestRecord brief,
        CancellationToken stop)
    {
        if (words is not null)
        {
            var overhead = brief.PromptTokens - ProbeWords;
            return overhead >= 0
                ? Vocabulary.Exact(words, overhead, $"{name}, and {overhead} tokens that every prompt has")
                : Vocabulary.Exact(words, 0, $"{name}; the endpoint counts fewer tokens than it");
        }
        var longer = await Probe(usage, vocabulary, LongProbeWords, clock.NowNs, stop).ConfigureAwait(false);
        if (!longer.Served || longer.PromptTokens <= brief.PromptTokens)
            return vocabulary;
        var perWord = (double)(longer.PromptTokens - brief.PromptTokens) / (LongProbeWords - ProbeWords);
        var fixedTokens = (int)Math.Round(Math.Max(0, brief.PromptTokens - perWord * ProbeWords));
        return Vocabulary.Calibrated(perWord, fixedTokens, string.Create(CultureInfo.InvariantCulture,
             $"the endpoint's own count of two prompts: {perWord:0.###} tokens a "
                + $"word and {fixedTokens} more"));
    }

    async Task<RequestRecord> Probe(
        UsageForm usage, Vocabulary vocabulary, int words, long untilNs, CancellationToken stop)
    {
        var plain = bodies.Options with { Images = 0, IgnoreEos = false };
        var source = new GeneratedBodies(bodies with { Usage = usage, Options = plain }, vocabulary);
        while (true)
        {
            var record = new RequestRecord { AskedPromptTokens = words, AskedOutputTokens = 2 };
            var tokens = (int)Math.Round(words * vocabulary.TokensPerWord) + vocabulary.OverheadTokens;
            var body = source.Build(new PlannedRequest { PromptTokens = tokens, OutputTokens = 2,
                Index = -words });
            await endpoint.Send(body.Json, record, body.ApiKey, stop).ConfigureAwait(false);
            body.Release();
            var later = record.Failure is FailureKind.Unreachable or FailureKind.ServerError;
            if (!later || clock.NowNs >= untilNs || stop.IsCancellationRequested)
                return record;
            await Task.Delay(500, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>
    /// Candidates that are one token each; null when too few are, or nobody counts them all.
    /// </summary>
    static async Task<List<string>?> SingleTokenWords(ITokenCounter? counter, CancellationToken stop)
    {
        if (counter is null)
            return null;
        try
        {
            return await CountedOneByOne(counter, stop).ConfigureAwait(false);
        }
        catch (HttpRequestException)
        {
            // Its /tokenize gave up on the way.
            return null;
        }
    }

    static async Task<List<string>?> CountedOneByOne(ITokenCounter counter, CancellationToken stop)
    {
        var kept = new List<string>();
        const int Together = 16;
        for (var start = 0; start < Vocabulary.Candidates.Count; start += Together)
        {
            var group = new List<string>();
            for (var i = start; i < Math.Min(start + Together, Vocabulary.Candidates.Count); i++)
                group.Add(Vocabulary.Candidates[i]);
            // In company: what a word is alone at the start of a text need not be what it is in the middle.
            if (await Tokens(group).ConfigureAwait(false) == group.Count)
            {
                kept.AddRange(group);
                continue;
            }
            foreach (var word in group)
            {
                if (await Tokens([word, word, word]).ConfigureAwait(false) == 3)
                    kept.Add(word);
            }
        }
        return kept.Count >= Vocabulary.FewestWords ? kept : null;

        Task<int> Tokens(List<string> words)
        {
            var text = new StringBuilder();
            foreach (var word in words)
                text.Append(' ').Append(word);
            return counter.Count(text.ToString(), stop);
        }
    }
}
