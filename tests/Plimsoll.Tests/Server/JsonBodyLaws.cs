using System.Linq;
using System.Text;
using CsCheck;
using Plimsoll.Server.Serving;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Server;

public sealed class JsonBodyLaws
{
    static readonly (string Written, string Meant)[] _words =
        [("\\\\", "\\"), ("\\n", "\n"), ("\\\"", "\""), ("u", "u"), ("d800", "d800"),
            ("é", "é"), ("😀", "😀")];

    /// <summary>A piece of a JSON text as it is written, and what it means.</summary>
    static readonly Gen<(string Written, string Meant)> _piece = Gen.Frequency(
        (3, Gen.Int[0xd7ff, 0xe000].Select(unit => ($"\\u{unit:x4}", $"{(char)unit}"))),
        (1, Gen.Int[0, 0xffff].Select(unit => ($"\\u{unit:X4}", $"{(char)unit}"))),
        (2, Gen.Int[0, _words.Length - 1].Select(i => _words[i])));

    /// <summary>Whether every text of a body can be read is known once it is parsed.</summary>
    [Fact]
    public void A_body_is_taken_when_its_texts_can_be_read_and_only_then() =>
        _piece.Array[0, 6].Sample(pieces =>
        {
            var meant = string.Concat(pieces.Select(piece => piece.Meant));
            var json = $$"""{"a": "{{string.Concat(pieces.Select(piece => piece.Written))}}", "b": "\u0041"}""";
            var body = Encoding.UTF8.GetBytes(json);
            if (!IsWhole(meant))
            {
                Should.Throw<ApiException>(() => JsonBody.Parse(body));
                return;
            }
            using var document = JsonBody.Parse(body);
            document.RootElement.Text("a").ShouldBe(meant);
        });

    [Theory]
    [InlineData("[1]")]
    [InlineData("{\"a\":1,\"a\":2}")]
    [InlineData("{\"a\":{\"b\":1,\"b\":2}}")]
    [InlineData("{\"a\":")]
    public void What_is_no_one_object_is_refused(string json) =>
        Should.Throw<ApiException>(() => JsonBody.Parse(Encoding.UTF8.GetBytes(json))).Code
            .ShouldBe("invalid_json");

    [Fact]
    public void What_is_not_utf8_is_refused() =>
        Should.Throw<ApiException>(() => JsonBody.Parse(new byte[] { (byte)'{', 0xff, (byte)'}' })).Message
            .ShouldContain("UTF-8");

    static bool IsWhole(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (i + 1 >= text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
                return false;
            i++;
        }
        return true;
    }
}
