using System.Linq;
using System.Text;
using System.Text.Json;
using CsCheck;
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
    [InlineData("""{"choices":[{"delta":{"content":"a"},"finish_reason":{"text":"stop"}}]}""")]
    [InlineData("""{"choices":[{"finish_reason":["stop"],"delta":{"content":"a"}}]}""")]
    public void A_reason_that_is_no_text_is_none(string json)
    {
        var chunk = Parse(json);
        (chunk.HasText, chunk.Finish).ShouldBe((true, FinishReason.None));
    }

    [Theory]
    [InlineData("""{"response":null,"choices":[{"delta":{"content":"a"}}]}""")]
    [InlineData("""{"choices":[{"delta":{"content":"a"}}],"response":null}""")]
    public void A_response_that_is_null_says_nothing(string json) => Parse(json).HasText.ShouldBeTrue();

    /// <summary>
    /// Whatever values stand where, a chunk is read or it is malformed: nothing else is thrown.
    /// </summary>
    [Fact]
    public void Any_value_in_any_place_is_read_or_malformed()
    {
        string[] names = ["choices", "usage", "error", "type", "delta", "response", "status", "output",
            "message", "text", "finish_reason", "prompt_tokens", "prompt_tokens_details", "cached_tokens",
            "role", "\\ud800", "other"];
        string[] leaves = ["null", "5", "-1", "1e999", "true", "\"a\"", "\"\\udc00\"", "[]", "{}",
            "\"response.completed\""];
        var name = Gen.Int[0, names.Length - 1].Select(i => names[i]);
        var leaf = Gen.Int[0, leaves.Length - 1].Select(i => leaves[i]);
        var value = Gen.Recursive<string>((depth, deeper) => depth > 5 ? leaf : Gen.OneOf(leaf,
            Gen.Select(name, deeper).List[0, 4].Select(members =>
                "{" + string.Join(",", members.Select(m => $"\"{m.Item1}\":{m.Item2}")) + "}"),
            deeper.List[0, 3].Select(items => "[" + string.Join(",", items) + "]")));
        Gen.Select(name, value).List[1, 5].Sample(members =>
        {
            try
            {
                Parse("{" + string.Join(",", members.Select(m => $"\"{m.Item1}\":{m.Item2}")) + "}");
            }
            catch (JsonException)
            {
                // That is one of the two.
            }
        });
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
    [InlineData("""{"response":5,"choices":[]}""")]
    [InlineData("""{"response":"completed"}""")]
    [InlineData("""{"\ud800":1,"choices":[]}""")]
    [InlineData("""{"choices":[{"\udc00":1}]}""")]
    public void Anything_else_is_malformed(string json) => Should.Throw<JsonException>(() => Parse(json));

    static AnswerChunk Parse(string json) => ChunkParser.Parse(Encoding.UTF8.GetBytes(json));
}
