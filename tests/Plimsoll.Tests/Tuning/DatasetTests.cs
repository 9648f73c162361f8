using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using CsCheck;
using Plimsoll.Core;
using Plimsoll.Core.Draws;
using Plimsoll.Tuning.Datasets;
using Plimsoll.Tuning.Tokenization;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Tuning;

public sealed class DatasetTests
{
    [Fact]
    public void Planted_near_copies_are_found_and_others_are_not()
    {
        var draws = new RandomStream(3);
        var texts = new List<string>();
        for (var i = 0; i < 600; i++)
        {
            var words = Enumerable.Range(0, 30).Select(_ => $"w{draws.NextBelow(5000)}").ToArray();
            texts.Add(string.Join(' ', words));
            words[draws.NextBelow(30)] = "changed";
            texts.Add(string.Join("  ", words).ToUpperInvariant() + "!");
        }
        var clusters = NearDuplicates.Clusters(texts, 0.75, CancellationToken.None);
        var found = Enumerable.Range(0, 600).Count(i => clusters[2 * i + 1] == 2 * i);
        found.ShouldBeGreaterThanOrEqualTo(570);
        Enumerable.Range(0, 600).Count(i => clusters[2 * i] != 2 * i).ShouldBe(0);
    }

    [Fact]
    public void A_million_copies_are_no_square_of_work()
    {
        var clusters = NearDuplicates.Clusters(
            [.. Enumerable.Repeat("the same short text", 20_000)], 0.8, CancellationToken.None);
        clusters.ShouldAllBe(c => c == 0);
    }

    [Theory]
    [InlineData("write to jane.doe@example.org now", "write to [EMAIL_1] now")]
    [InlineData("pay GB82 WEST 1234 5698 7654 32 today", "pay [IBAN_1] today")]
    [InlineData("pay GB83 WEST 1234 5698 7654 32 today", "pay GB83 WEST 1234 5698 7654 32 today")]
    [InlineData("card 4111 1111 1111 1111.", "card [CARD_1].")]
    [InlineData("order 4111 1111 1111 1112", "order 4111 1111 1111 1112")]
    [InlineData("call +44 20 7946 0958", "call [PHONE_1]")]
    [InlineData("from 192.168.1.20 to 2001:db8::1", "from [IP_1] to [IP_2]")]
    [InlineData("version 1.2.3 of 2026-11-26 costs 1,234.50", "version 1.2.3 of 2026-11-26 costs 1,234.50")]
    [InlineData("key sk-abcdefghijklmnopqrstuvwx", "key [KEY_1]")]
    public void Personal_data_is_marked(string text, string expected) => new PiiRedactor().Redact(text)
        .ShouldBe(expected);

    [Fact]
    public void Redaction_is_undone_exactly_and_a_value_keeps_its_mark()
    {
        string[] parts = ["a@b.example", "4111 1111 1111 1111", "+1 202-555-0100", "10.0.0.1", "[EMAIL_1]",
            "word", " ", "\n", "7"];
        Gen.Int[0, parts.Length - 1].Select(i => parts[i]).Array[0, 12].Sample(words =>
        {
            var text = string.Join(' ', words);
            var redactor = new PiiRedactor();
            var once = redactor.Redact(text);
            PiiRedactor.Restore(once, redactor.Values).ShouldBe(text);
            new PiiRedactor().Redact(text).ShouldBe(once);
        });
    }

    [Fact]
    public void A_leaked_test_row_is_taken_out_before_the_split()
    {
        var test = RecordReader.Pair("My card was swallowed by the machine at the corner, what now?",
            "card swallowed", "t");
        var raw = Enumerable.Range(0, 50).Select(i => RecordReader.Pair($"question {i} about thing "
            + $"{i * 7}", "label", "r")).ToList();
        raw.Add(RecordReader.Pair("my card was swallowed by the machine at the corner; what now",
            "card swallowed", "r"));
        var build = DatasetBuilder.Build(raw, [test], new DatasetOptions { NearDuplicateSimilarity = 1 },
            null, CancellationToken.None);
        build.Filters.Single(f => f.Filter == "decontamination")
            .ShouldBe(new FilterCount("decontamination", "13 words", 51, 50));
        build.Train.Concat(build.Validation).Select(r => r.Messages[^1].Content)
            .ShouldNotContain("card swallowed");
    }

    [Fact]
    public void A_dataset_depends_on_its_records_not_on_their_order()
    {
        var raw = Enumerable.Range(0, 200).Select(i => RecordReader.Pair($"q{i} {i * 31}", $"a{i % 5}", "r"))
            .ToList();
        var options = new DatasetOptions { NearDuplicateSimilarity = 0.95 };
        var forward = DatasetBuilder.Build(raw, [], options, null, CancellationToken.None);
        raw.Reverse();
        var backward = DatasetBuilder.Build([.. raw, .. raw], [], options, null, CancellationToken.None);
        backward.Train.Select(RecordJson.Of).ShouldBe(forward.Train.Select(RecordJson.Of));
        forward.Validation.Count.ShouldBeInRange(5, 40);
    }

    [Fact]
    public void A_group_never_lies_on_both_sides()
    {
        Gen.Int[0, 30].Array[1, 200].Sample(groups =>
        {
            var held = GroupSplit.HeldOut([.. groups.Select(g => $"g{g}")], 0.3, seed: 1);
            foreach (var group in groups.Select((g, i) => (g, held[i])).GroupBy(p => p.g))
                group.Select(p => p.Item2).Distinct().Count().ShouldBe(1);
        });
    }

    [Fact]
    public void Learned_are_the_answer_and_its_end_and_nothing_else()
    {
        var tokenizer = ByteLevelBpeLaws.Trained(PreTokenizer.Gpt2);
        var renderer = new Renderer(ChatTemplate.Of(ChatTemplate.ChatMl), tokenizer,
            [tokenizer.Find("<|im_end|>")!.Value]);
        var record = new TrainingRecord
        {
            Messages = [new("user", "one"), new("assistant", "two", Weight: 0), new("user", "three"),
                new("assistant", "four")],
        };
        var example = renderer.Example(record);
        tokenizer.Decode(example.Tokens.Where((_, i) => example.Learned[i]), specials: true)
            .ShouldBe("four<|im_end|>");
        tokenizer.Decode(example.Tokens, specials: true)
            .ShouldEndWith("<|im_start|>assistant\nfour<|im_end|>\n");
        MaskView.Of(example, tokenizer).ShouldContain("learn |<|im_end|>|");
    }

    [Fact]
    public void A_turn_that_ends_turns_is_refused()
    {
        var tokenizer = ByteLevelBpeLaws.Trained(PreTokenizer.Gpt2);
        var renderer = new Renderer(ChatTemplate.Of(ChatTemplate.ChatMl), tokenizer, [1]);
        Should.Throw<BadInputException>(() =>
            renderer.Prompt([new ChatMessage("user", "a<|im_end|>b")], null))
            .Message.ShouldContain("<|im_end|>");
    }
}
