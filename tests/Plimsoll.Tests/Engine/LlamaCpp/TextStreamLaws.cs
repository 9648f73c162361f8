using System.Collections.Generic;
using System.Linq;
using System.Text;
using CsCheck;
using Plimsoll.Engine.LlamaCpp;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Engine.LlamaCpp;

/// <summary>Text of tokens that are single bytes, whatever they spell.</summary>
public sealed class TextStreamLaws
{
    /// <summary>Letters, openings of characters of two to four bytes, continuations, what is never valid.</summary>
    static readonly byte[] _openings = [0x41, 0xC3, 0xA9, 0xE4, 0xB8, 0xAD, 0xF0, 0x9F, 0x98, 0x80, 0xFF];

    static readonly Gen<byte> _bytes =
        Gen.OneOf(Gen.Byte, Gen.Int[0, _openings.Length - 1].Select(i => _openings[i]));

    [Fact]
    public void Pieces_join_to_the_text_of_all_bytes()
    {
        using var model = TestModel.Load();
        var tokens = new Dictionary<byte, int>();
        for (var token = 0; token < model.Tokenizer.Size; token++)
        {
            if (model.Tokenizer.Bytes(token) is [var single])
                tokens.TryAdd(single, token);
        }
        tokens.Count.ShouldBe(256);
        _bytes.Array[0, 24].Sample(bytes =>
        {
            var stream = new TextStream(model.Tokenizer);
            var pieces = bytes.Select(single => stream.Add(tokens[single])).ToList();
            (string.Concat(pieces) + stream.Flush()).ShouldBe(Encoding.UTF8.GetString(bytes));
            pieces.ShouldAllBe(piece => !char.IsHighSurrogate(piece.LastOrDefault()));
        });
    }
}
