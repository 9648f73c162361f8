using System.IO;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Core.Draws;
using Plimsoll.Inputs.Files;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Tuning;

public sealed class Utf8LinesTests
{
    [Fact]
    public void Lines_are_those_that_were_written_wherever_the_buffer_ends()
    {
        using var folder = new TemporaryFolder();
        var draws = new RandomStream(seed: 3);
        for (var round = 0; round < 20; round++)
        {
            // About a buffer long, of one, two, three and four bytes a character.
            var lines = Enumerable.Range(0, 8).Select(i => string.Concat(Enumerable.Repeat(
                i % 2 == 0 ? "a" : "é€\U0001F6A2", draws.NextBelow(i % 3 == 0 ? 4 : 66_000)))).ToArray();
            var path = folder.Write("t", string.Join(round % 2 == 0 ? "\n" : "\r\n", lines)
                + (round % 3 == 0 ? "\n" : ""));
            Utf8Lines.Read(path, 1 << 20, "text")
                .ShouldBe(File.ReadAllLines(path).Select((l, i) => (i + 1, l)));
        }
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("\n", 1)]
    [InlineData("a", 1)]
    [InlineData("a\n\nb", 3)]
    [InlineData("\uFEFFa\n", 1)]
    public void A_line_is_what_ends_or_what_is_left(string content, int lines)
    {
        using var folder = new TemporaryFolder();
        var found = Utf8Lines.Read(folder.Write("t", content), 3 * content.Length, "text").ToList();
        found.Count.ShouldBe(lines);
        string.Concat(found.Select(f => f.Text)).ShouldBe(content.Replace("\n", "").Replace("\uFEFF", ""));
    }

    [Fact]
    public void What_is_too_long_or_no_text_is_refused_at_its_line()
    {
        using var folder = new TemporaryFolder();
        Utf8Lines.Read(folder.Write("t", "123\n1234\n"), 4, "numbers").Count().ShouldBe(2);
        Refused("123\n12345\n"u8, ":2: a line of more than 4 bytes; expected numbers");
        Refused("123\n12345"u8, ":2: a line of more than 4 bytes; expected numbers");
        Refused([(byte)'a', (byte)'\n', 0xC3, (byte)'\n'],
            ":2: bytes that are no UTF-8; expected a text file in UTF-8");
        Should.Throw<BadInputException>(() => Utf8Lines.Read(folder.In("none"), 4, "numbers").Count())
            .Message.ShouldEndWith("; expected numbers");

        void Refused(System.ReadOnlySpan<byte> content, string expected)
        {
            var path = folder.In("t");
            File.WriteAllBytes(path, content.ToArray());
            Should.Throw<BadInputException>(() => Utf8Lines.Read(path, 4, "numbers").Count())
                .Message.ShouldBe(path + expected);
        }
    }
}
