using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Engine;
using Plimsoll.Engine.LlamaCpp;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Engine.LlamaCpp;

public sealed class LlamaEngineTests
{
    [Theory]
    [InlineData(KvLayout.Unified)]
    [InlineData(KvLayout.Split)]
    public async Task Many_answers_at_once_are_those_of_libllama_alone(KvLayout layout)
    {
        var prompts = Enumerable.Range(0, 48).Select(i => TestModel.Prompt(i, 5 + (i * 13 % 90))).ToList();
        await using var engine = new LlamaEngine(
            TestModel.Options(TestModel.Limits with { NumBlocks = 512 }, layout), TimeProvider.System);
        var answers = new List<Answer>();
        foreach (var prompt in prompts)
        {
            answers.Add(engine.Submit(TestModel.Request(prompt, 16)));
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
        await ShouldAgree(engine, prompts, answers, 16);
        engine.Telemetry.Running.ShouldBe(0);
        engine.Telemetry.KvUsage.ShouldBe(0);
    }

    /// <summary>
    /// Memory for a few at a time: requests are put out and computed again, to the same tokens.
    /// </summary>
    [Theory]
    [InlineData(KvLayout.Unified)]
    [InlineData(KvLayout.Split)]
    public async Task Answers_survive_being_put_out(KvLayout layout)
    {
        var limits = layout == KvLayout.Unified
            ? TestModel.Limits with { NumBlocks = 24, MaxNumSeqs = 16 }
            : TestModel.Limits with { NumBlocks = 24, MaxNumSeqs = 1 };
        var prompts = Enumerable.Range(0, 12).Select(i => TestModel.Prompt(100 + i, 40)).ToList();
        await using var engine = new LlamaEngine(TestModel.Options(limits, layout), TimeProvider.System);
        var answers = prompts.Select(prompt => engine.Submit(TestModel.Request(prompt, 40))).ToList();
        await ShouldAgree(engine, prompts, answers, 40);
        if (layout == KvLayout.Unified)
            engine.Telemetry.Preemptions.ShouldBeGreaterThan(0);
    }

    /// <summary>What is shared is not computed again, and nobody's answer changes by it.</summary>
    [Theory]
    [InlineData(KvLayout.Unified)]
    [InlineData(KvLayout.Split)]
    public async Task A_prefix_is_computed_once(KvLayout layout)
    {
        var common = TestModel.Prompt(1, 100);
        var prompts = Enumerable.Range(0, 30)
            .Select(i => (int[])[.. common[..(20 + (i % 5 * 20))], .. TestModel.Prompt(i, 10)]).ToList();
        await using var engine = new LlamaEngine(
            TestModel.Options(TestModel.Limits with { NumBlocks = 128, MaxNumSeqs = 4 }, layout),
                TimeProvider.System);
        var cached = 0;
        var answers = new List<Answer>();
        foreach (var prompt in prompts)
        {
            var answer = engine.Submit(TestModel.Request(prompt, 8));
            answers.Add(answer);
            // Three at once, then none: what they share is there for the next, however fast the machine is.
            while (answers.Count % 3 == 0 && engine.Telemetry.Running + engine.Telemetry.Waiting > 0)
                await Task.Delay(1, TestContext.Current.CancellationToken);
        }
        await ShouldAgree(engine, prompts, answers, 8);
        cached += answers.Sum(answer => answer.CachedTokens);
        cached.ShouldBeGreaterThan(layout == KvLayout.Unified ? 500 : 100);
        engine.Telemetry.PrefixHitTokens.ShouldBeGreaterThanOrEqualTo(cached);
    }

    [Fact]
    public async Task A_request_that_nobody_reads_any_more_frees_its_memory()
    {
        await using var engine = new LlamaEngine(TestModel.Options(), TimeProvider.System);
        var doomed = Enumerable.Range(0, 20)
            .Select(i => engine.Submit(TestModel.Request(TestModel.Prompt(i, 60), 1000))).ToList();
        var prompt = TestModel.Prompt(77, 30);
        var kept = engine.Submit(TestModel.Request(prompt, 30));
        foreach (var answer in doomed)
        {
            await Task.Delay(2, TestContext.Current.CancellationToken);
            answer.Cancel();
            answer.Cancel();
        }
        await ShouldAgree(engine, [prompt], [kept], 30);
        foreach (var answer in doomed)
            (await TestModel.ReadAll(answer))[^1].Finish.ShouldBe(FinishReason.Cancelled);
        engine.Telemetry.Running.ShouldBe(0);
        engine.Telemetry.KvUsage.ShouldBe(0);
    }

    [Fact]
    public async Task What_cannot_be_served_is_refused_at_once()
    {
        await using var engine = new LlamaEngine(TestModel.Options(), TimeProvider.System);
        Refused(TestModel.Request([], 5)).Message.ShouldContain("prompt is empty");
        Refused(TestModel.Request([1, 2], 0)).Message.ShouldContain("max_tokens must be at least 1");
        Refused(TestModel.Request([1, 99999], 5))
            .Message.ShouldContain("token 99999 is not in the vocabulary");
        Refused(TestModel.Request([1, -1], 5)).Message.ShouldContain("token -1");
        Refused(TestModel.Request([1], 100_000))
            .Message.ShouldContain("maximum context length is 2048 tokens");
        Refused(TestModel.Request([1], 5) with { Adapter = "none" }).Kind.ShouldBe(RefusalKind.NotFound);
        (await TestModel.ReadAll(engine.Submit(TestModel.Request([1, 2], 3)))).Count.ShouldBe(3);

        Refusal Refused(EngineRequest request) => engine.Submit(request).Refusal.ShouldNotBeNull();
    }

    [Fact]
    public async Task Every_step_accounts_for_every_request_in_it()
    {
        await using var engine = new LlamaEngine(TestModel.Options(), TimeProvider.System);
        var prefill = new Dictionary<long, int>();
        var decode = new Dictionary<long, int>();
        var last = 0L;
        engine.OnStep = (in EngineStep step) =>
        {
            step.Serial.ShouldBe(++last);
            var prompts = 0;
            foreach (var share in step.Shares)
            {
                prefill[share.LedgerId] = prefill.GetValueOrDefault(share.LedgerId) + share.PrefillTokens;
                decode[share.LedgerId] = decode.GetValueOrDefault(share.LedgerId) + share.DecodeTokens;
                prompts += share.PrefillTokens;
            }
            prompts.ShouldBe(step.Shape.PrefillTokens);
        };
        var answers = Enumerable.Range(1, 10).Select(i => engine.Submit(
            TestModel.Request(TestModel.Prompt(i, 10 * i), 5 + i) with { LedgerId = i })).ToList();
        foreach (var answer in answers)
            await TestModel.ReadAll(answer);
        for (var i = 1; i <= 10; i++)
        {
            prefill[i].ShouldBe(10 * i);
            decode[i].ShouldBe(5 + i - 1);
        }
    }

    [Fact]
    public async Task Texts_of_concurrent_answers_are_never_cut_inside_a_character()
    {
        await using var engine = new LlamaEngine(TestModel.Options(), TimeProvider.System);
        var answers = Enumerable.Range(0, 16).Select(i => engine.Submit(
            TestModel.Request(TestModel.Prompt(i, 10), 60) with
            {
                Sampling = new SamplingOptions { Temperature = 1.5f, Seed = (ulong)i },
            })).ToList();
        foreach (var answer in answers)
        {
            var tokens = await TestModel.ReadAll(answer);
            var whole = engine.Codec.Decode([.. tokens.Select(token => token.Token)]);
            string.Concat(tokens.Select(token => token.Text)).ShouldBe(whole);
        }
    }

    [Fact]
    public async Task The_same_seed_says_the_same_and_log_probabilities_add_up()
    {
        await using var engine = new LlamaEngine(TestModel.Options(), TimeProvider.System);
        var request = TestModel.Request(TestModel.Prompt(3, 20), 12) with
        {
            Sampling = new SamplingOptions { Temperature = 1, TopP = 0.9f, TopK = 50, Seed = 5 },
            TopLogprobs = 5,
        };
        var one = await TestModel.ReadAll(engine.Submit(request));
        var two = await TestModel.ReadAll(engine.Submit(request));
        two.Select(token => token.Token).ShouldBe(one.Select(token => token.Token));
        foreach (var token in one)
        {
            token.Logprob.ShouldBeLessThan(0);
            token.TopLogprobs!.Count.ShouldBe(5);
            token.TopLogprobs.Select(top => top.Logprob).ShouldBeInOrder(SortDirection.Descending);
            token.TopLogprobs.Sum(top => Math.Exp(top.Logprob)).ShouldBeLessThan(1.0001);
        }
    }

    [Fact]
    public async Task Stop_texts_end_an_answer_and_are_not_part_of_it()
    {
        await using var engine = new LlamaEngine(TestModel.Options(), TimeProvider.System);
        var request = TestModel.Request(TestModel.Prompt(9, 12), 40);
        var free =
            string.Concat((await TestModel.ReadAll(engine.Submit(request))).Select(token => token.Text));
        var stop = free.Substring(free.Length / 2, 3);
        var tokens = await TestModel.ReadAll(engine.Submit(request with { Stop = [stop] }));
        tokens[^1].Finish.ShouldBe(FinishReason.Stop);
        string.Concat(tokens.Select(token => token.Text))
            .ShouldBe(free[..free.IndexOf(stop, StringComparison.Ordinal)]);
    }

    /// <summary>
    /// A model of random weights says valid JSON of the schema, greedy and hot: the grammar holds it.
    /// </summary>
    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task An_answer_is_held_to_its_schema(float temperature)
    {
        const string Schema = """
            {"type": "object", "properties": {"name": {"type": "string", "maxLength": 6}, "n": {"type": "integer", "minimum": 3, "maximum": 12},
            "kind": {"enum": ["ship", "line"]}}, "required": ["name", "n", "kind"]}
            """;
        await using var engine = new LlamaEngine(TestModel.Options(), TimeProvider.System);
        var answers = Enumerable.Range(0, 6)
            .Select(i => engine.Submit(TestModel.Request(TestModel.Prompt(i, 10), 200) with
        {
            IgnoreEos = false,
            Format = new AnswerFormat(Schema, null),
            Sampling = new SamplingOptions { Temperature = temperature, Seed = (ulong)i },
        })).ToList();
        foreach (var answer in answers)
        {
            var tokens = await TestModel.ReadAll(answer);
            tokens[^1].Finish.ShouldBe(FinishReason.Stop);
            using var json =
                System.Text.Json.JsonDocument.Parse(string.Concat(tokens.Select(token => token.Text)));
            json.RootElement.GetProperty("n").GetInt32().ShouldBeInRange(3, 12);
            new[] { "ship", "line" }.ShouldContain(json.RootElement.GetProperty("kind").GetString());
        }
        engine.Submit(TestModel.Request([1], 5) with { Format = new AnswerFormat(null, "root ::= root") })
            .Refusal!.Message.ShouldContain("begins with itself");
    }

    /// <summary>
    /// A grammar that can be read in ever more ways fails its own request, with a word of what it is about;
    /// those that are merely ambiguous, and whoever runs beside them, go on.
    /// </summary>
    [Fact]
    public async Task A_grammar_that_cannot_be_followed_fails_alone()
    {
        await using var engine = new LlamaEngine(TestModel.Options(), TimeProvider.System);
        var beside = engine.Submit(TestModel.Request(TestModel.Prompt(1, 30), 100));
        var hopeless = Ask("root ::= \"a\" root \"b\" | \"a\" root \"c\"| \"a\"{200}", 300);
        var optional = Ask("root ::= " + string.Concat(Enumerable.Repeat("\"a\"?", 600)), 40);
        var same = Ask($"root ::= ({string.Join("|", Enumerable.Repeat("\"a\"", 100))}){{1,50}}", 80);
        await TestModel.ReadAll(hopeless);
        hopeless.Refusal.ShouldNotBeNull().Kind.ShouldBe(RefusalKind.BadRequest);
        hopeless.Refusal.Message.ShouldContain("too many ways");
        hopeless.Refusal.Parameter.ShouldBe("grammar");
        (await TestModel.ReadAll(optional)).Count.ShouldBe(40);
        (await TestModel.ReadAll(same))[^1].Finish.ShouldBe(FinishReason.Stop);
        (await TestModel.ReadAll(beside)).Count.ShouldBe(100);

        Answer Ask(string grammar, int output) => engine.Submit(
            TestModel.Request(TestModel.Prompt(3, 9), output) with
            {
                IgnoreEos = false,
                MinOutputTokens = 40,
                Format = new AnswerFormat(null, grammar, "grammar"),
            });
    }

    [Fact]
    public async Task A_finished_grammar_ends_the_answer()
    {
        await using var engine = new LlamaEngine(TestModel.Options(), TimeProvider.System);
        var tokens = await TestModel.ReadAll(engine.Submit(TestModel.Request(TestModel.Prompt(4, 10), 50) with
        {
            Format = new AnswerFormat(null, "root ::= \"yes\" | \"no\""),
            MinOutputTokens = 30,
            IgnoreEos = false,
        }));
        string.Concat(tokens.Select(token => token.Text)).ShouldBeOneOf("yes", "no");
        tokens[^1].Finish.ShouldBe(FinishReason.Stop);
    }

    [Fact]
    public async Task Embeddings_are_of_the_text_and_not_of_who_runs_beside_it()
    {
        await using var engine = new LlamaEngine(TestModel.Options(), TimeProvider.System);
        var busy = engine.Submit(TestModel.Request(TestModel.Prompt(1, 50), 60));
        ReadOnlyMemory<int>[] prompts =
            [TestModel.Prompt(2, 30), TestModel.Prompt(3, 7), TestModel.Prompt(2, 30)];
        var vectors = await engine.EmbedAsync(prompts,
            new EngineRequest { Prompt = default, MaxOutputTokens = 1, Tenant = "t" },
            TestContext.Current.CancellationToken);
        vectors[0].Length.ShouldBe(64);
        vectors[2].ShouldBe(vectors[0]);
        vectors[1].ShouldNotBe(vectors[0]);
        (await TestModel.ReadAll(busy)).Count.ShouldBe(60);
    }

    [Fact]
    public async Task An_engine_that_stops_ends_every_answer()
    {
        var engine = new LlamaEngine(TestModel.Options(), TimeProvider.System);
        var answers = Enumerable.Range(0, 8)
            .Select(i => engine.Submit(TestModel.Request(TestModel.Prompt(i, 100), 1500))).ToList();
        await Task.Delay(20, TestContext.Current.CancellationToken);
        await engine.DisposeAsync();
        foreach (var answer in answers)
            (await TestModel.ReadAll(answer))[^1].Finish.ShouldBe(FinishReason.Failed);
        engine.Submit(TestModel.Request([1], 1)).Refusal!.Kind.ShouldBe(RefusalKind.Unavailable);
    }

    static async Task ShouldAgree(LlamaEngine engine, List<int[]> prompts, List<Answer> answers, int output)
    {
        using var model = TestModel.Load();
        for (var i = 0; i < answers.Count; i++)
        {
            var tokens = await TestModel.ReadAll(answers[i]);
            tokens.Count.ShouldBe(output);
            tokens[^1].Finish.ShouldBe(FinishReason.Length);
            TestModel.ShouldAgreeWithLibllama(model, prompts[i], [.. tokens.Select(token => token.Token)]);
        }
    }
}
