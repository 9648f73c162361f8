using System.Collections.Generic;
using System.Linq;
using CsCheck;
using Plimsoll.Tuning.Tokenization;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Tuning;

public sealed class ByteLevelBpeLaws
{
    const string Text = "the load line is the mark on the hull; it's 1,234 tons in salt water and we'll "
        + "see\n\n  two  spaces";

    static readonly Gen<string> _texts = Gen.OneOf(
        Gen.String, Gen.String[Gen.Char["ab '\n  stre7é漢\u00a0"], 0, 40],
            Gen.Const("𝐀𝟘 don't DON'T'S  \r\n x"));

    public static TheoryData<string> PreTokenizers => new("gpt-2", "llama-bpe", "qwen2");

    [Theory]
    [MemberData(nameof(PreTokenizers))]
    public void Decoding_gives_back_what_was_encoded(string pre)
    {
        var tokenizer = Trained(PreTokenizer.Named(pre));
        _texts.Sample(text =>
        {
            var whole = new string([.. text.EnumerateRunes().SelectMany(r => r.ToString())]);
            tokenizer.Decode(tokenizer.Encode(text, specials: false), specials: true).ShouldBe(whole);
            string.Concat(PreTokenizer.Named(pre).Split(text)).ShouldBe(whole);
        });
    }

    [Fact]
    public void The_same_texts_give_the_same_vocabulary()
    {
        TokenizerFile.Write(Trained(PreTokenizer.Gpt2))
            .ShouldBe(TokenizerFile.Write(Trained(PreTokenizer.Gpt2)));
    }

    [Fact]
    public void The_most_frequent_pair_merges_first()
    {
        var trainer = new BpeTrainer(PreTokenizer.Gpt2);
        trainer.Add("abab abab abab cd");
        trainer.Train(258, []).Merges.ShouldBe([("a", "b"), ("ab", "ab")]);
    }

    [Fact]
    public void A_special_token_is_one_only_where_specials_are_read()
    {
        var tokenizer = Trained(PreTokenizer.Gpt2);
        var end = tokenizer.Find("<|im_end|>")!.Value;
        tokenizer.Encode("a<|im_end|>", specials: true)[^1].ShouldBe(end);
        tokenizer.Encode("a<|im_end|>", specials: false).ShouldNotContain(end);
    }

    [Fact]
    public void A_tokenizer_file_reads_back_the_same()
    {
        using var folder = new TemporaryFolder();
        foreach (var pre in new[] { PreTokenizer.Gpt2, PreTokenizer.LlamaBpe, PreTokenizer.Qwen2 })
        {
            var written = TokenizerFile.Write(Trained(pre));
            TokenizerFile.Read(folder.Write("tokenizer.json", written)).Pre.ShouldBe(pre);
            TokenizerFile.Write(TokenizerFile.Read(folder.Write("tokenizer.json", written)))
                .ShouldBe(written);
        }
    }

    public static ByteLevelBpe Trained(PreTokenizer pre)
    {
        var trainer = new BpeTrainer(pre);
        for (var i = 0; i < 3; i++)
            trainer.Add(Text);
        trainer.Add("Do you know it? They're don't we've I'm he'd");
        return trainer.Train(320, new List<string> { "<|endoftext|>", "<|im_start|>", "<|im_end|>",
            "<|pad|>" });
    }
}
