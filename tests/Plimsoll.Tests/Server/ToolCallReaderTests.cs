using System.Linq;
using System.Text;
using Plimsoll.Engine;
using Plimsoll.Server.Serving;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Server;

public sealed class ToolCallReaderTests
{
    const string F = "{\"name\": \"f\", \"arguments\": {\"a\": 1}}";
    const string H = "{\"name\": \"h\", \"arguments\": {}}";
    const string G = "{\"name\": \"g\", \"parameters\": {\"b\": \"}<\"}}";

    /// <summary>However the text comes in pieces, text and calls are the same.</summary>
    [Theory]
    [InlineData(ToolCallStyle.Tagged, $"<tool_call>\n{F}\n</tool_call>\n<tool_call>{G}", "", "f g")]
    [InlineData(ToolCallStyle.Tagged, $"I look. <tool_call>{F}</tool_call>", "I look. ", "f")]
    [InlineData(ToolCallStyle.Tagged, $"<tool_call>{F}", "", "f")]
    [InlineData(ToolCallStyle.Tagged, "a < b, <tool", "a < b, <tool", "")]
    [InlineData(ToolCallStyle.Tagged, "<tool_call>no</tool_call>.", "<tool_call>no</tool_call>.", "")]
    [InlineData(ToolCallStyle.Tagged, $"As {F} says", $"As {F} says", "")]
    [InlineData(ToolCallStyle.Bare, $"<|python_tag|>{F}; {G}", "", "f g")]
    [InlineData(ToolCallStyle.Bare, $"\n{G}", "", "g")]
    [InlineData(ToolCallStyle.Bare, $"[TOOL_CALLS][{F}, {G}]", "", "f g")]
    [InlineData(ToolCallStyle.Bare, $" [{F}]", "", "f")]
    [InlineData(ToolCallStyle.Bare, H, H, "")]
    [InlineData(ToolCallStyle.Bare, "[1, 2]", "[1, 2]", "")]
    [InlineData(ToolCallStyle.Bare, "{\"name\": \"f\", \"argu", "{\"name\": \"f\", \"argu", "")]
    [InlineData(ToolCallStyle.Bare, "Hello {", "Hello {", "")]
    [InlineData(ToolCallStyle.Named, "[TOOL_CALLS]f[ARGS]{\"a\": 1}[TOOL_CALLS]g[ARGS]{}", "", "f g")]
    [InlineData(ToolCallStyle.Named, "g[ARGS]{\"b\": \"}{\"}", "", "g")]
    [InlineData(ToolCallStyle.Named, "f{\"a\": 1}g{}", "", "f g")]
    [InlineData(ToolCallStyle.Named, $"[TOOL_CALLS][{F}]", "", "f")]
    [InlineData(ToolCallStyle.Named, "f[ARGS]{\"a\": ", "f[ARGS]{\"a\": ", "")]
    [InlineData(ToolCallStyle.Named, "h[ARGS]{}", "h[ARGS]{}", "")]
    [InlineData(ToolCallStyle.Named, "for all I know", "for all I know", "")]
    [InlineData(ToolCallStyle.None, $"{F}", F, "")]
    public void Calls_are_told_from_text(ToolCallStyle style, string answer, string text, string names)
    {
        foreach (var size in new[] { 1, 2, 3, 7, answer.Length })
        {
            var reader = new ToolCallReader(style, ["f", "g"]);
            var (all, calls) = (new StringBuilder(), new System.Collections.Generic.List<ToolCall>());
            foreach (var piece in answer.Chunk(size))
            {
                var (shown, made) = reader.Add(new string(piece), isLast: false);
                all.Append(shown);
                calls.AddRange(made);
            }
            var (rest, last) = reader.Add("", isLast: true);
            calls.AddRange(last);
            all.Append(rest).ToString().ShouldBe(text);
            string.Join(' ', calls.Select(call => call.Name)).ShouldBe(names);
            reader.Count.ShouldBe(calls.Count);
        }
    }

    /// <summary>What is held back is not copied for every piece: bytes would grow with its square.</summary>
    [Theory]
    [InlineData(ToolCallStyle.Tagged, "<tool_call>")]
    [InlineData(ToolCallStyle.Bare, "{")]
    [InlineData(ToolCallStyle.Named, "f[ARGS]{")]
    public void A_long_call_costs_no_more_a_piece_than_a_short_one(ToolCallStyle style, string start)
    {
        const int Pieces = 20_000;
        var reader = new ToolCallReader(style, ["f"]);
        reader.Add(start, isLast: false);
        var before = System.GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Pieces; i++)
            reader.Add("x", isLast: false);
        (System.GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(Pieces * 400L);
    }

    [Fact]
    public void Arguments_are_what_the_model_wrote() => new ToolCallReader(ToolCallStyle.Bare, ["g"])
        .Add(G, isLast: true).Calls.ShouldHaveSingleItem().Arguments.ShouldBe("{\"b\": \"}<\"}");
}
