using System.Text;
using System.Text.Json;
using Plimsoll.Bench.Wire;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Bench;

public sealed class ChunkParserTests
{
    [Theory]
    [InlineData("""{"choices":[{"delta":{"role":"assistant","content":""}}]}""", false)]
    [InlineData("""{"choices":[{"delta":{"content":" a"}}]}""", true)]
    [InlineData("""{"choices":[{"delta":{"content":null,"reasoning_content":"so"}}]}""", true)]
    [InlineData("""{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"f"}}]}}]}""", true)]
    [InlineData("""{"choices":[{"delta":{"tool_calls":[]}}]}""", false)]
    [InlineData("""{"choices":[{"text":" a","logprobs":null}]}""", true)]
    [InlineData("""{"choices":[],"usage":{"completion_tokens":3}}""", false)]
    [InlineData("""{"type":"response.output_text.delta","delta":"a"}""", true)]
    [InlineData("""{"type":"response.created","response":{"status":"in_progress","output":[]}}""", false)]
    public void Text_is_whatever_answers(string json, bool text) => Parse(json).HasText.ShouldBe(text);

    [Fact]
    public void Usage_of_both_interfaces_is_read()
    {
        var chat = Parse("""
            {"choices":[{"delta":{},"finish_reason":"length"}],"usage":{"prompt_tokens":7,"completion_tokens":3,
             "prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}}
            """);
        (chat.PromptTokens, chat.OutputTokens, chat.CachedTokens,
            chat.ReasoningTokens).ShouldBe((7, 3, 4, 2));
        chat.Finish.ShouldBe(FinishReason.Length);
        var responses = Parse("""
            {"type":"response.completed","response":{"status":"completed","output":[{"type":"message"}],
             "usage":{"input_tokens":7,"output_tokens":3}}}
            """);
        (responses.PromptTokens, responses.OutputTokens, responses.IsLast).ShouldBe((7, 3, true));
    }

    [Theory]
    [InlineData("""{"error":{"message":"no such model","type":"x"}}""", "no such model")]
    [InlineData("""{"error":"out of memory"}""", "out of memory")]
    public void An_error_has_its_message(string json, string message) => Parse(json).Error.ShouldBe(message);

    [Theory]
    [InlineData("{\"choices\":[{\"delta\":{\"content\":\"a\"}")]
    [InlineData("<html>")]
    [InlineData("[1]")]
    [InlineData("{} {}")]
    [InlineData("")]
    public void Anything_else_is_malformed(string json) => Should.Throw<JsonException>(() => Parse(json));

    static AnswerChunk Parse(string json) => ChunkParser.Parse(Encoding.UTF8.GetBytes(json));
}
