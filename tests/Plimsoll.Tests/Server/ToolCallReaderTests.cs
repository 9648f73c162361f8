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

    [Fact]
    public void Arguments_are_what_the_model_wrote() => new ToolCallReader(ToolCallStyle.Bare, ["g"])
        .Add(G, isLast: true).Calls.ShouldHaveSingleItem().Arguments.ShouldBe("{\"b\": \"}<\"}");
}
