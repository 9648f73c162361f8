using System;
using System.Text;
using System.Text.Json;
using Plimsoll.Server.Gateway;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Server.Twins;

/// <summary>What a gateway with twins makes of bodies and streams.</summary>
public sealed class UpstreamStreamTests
{
    [Fact]
    public void A_stream_becomes_the_answer_that_would_have_come_whole()
    {
        var answer = new StreamedAnswer();
        foreach (var chunk in new[]
        {
            """{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}""",
            """{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"Hel"},"logprobs":{"content":[{"token":"Hel"}]},"finish_reason":null}]}""",
            """{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"lo"},"logprobs":{"content":[{"token":"lo"}]},"finish_reason":null}]}""",
            """{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t","type":"function","function":{"name":"f","arguments":"{\"a\""}}]}}]}""",
            """{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]},"finish_reason":"tool_calls"}]}""",
            """{"id":"c","object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}""",
        })
        {
            answer.Add(Encoding.UTF8.GetBytes($"data: {chunk}\n\n"));
        }
        answer.Add("data: [DONE]\n\n"u8);
        var whole = JsonDocument.Parse(answer.Whole()).RootElement;
        whole.GetProperty("object").GetString().ShouldBe("chat.completion");
        var choice = whole.GetProperty("choices")[0];
        choice.GetProperty("finish_reason").GetString().ShouldBe("tool_calls");
        choice.TryGetProperty("delta", out _).ShouldBeFalse();
        var message = choice.GetProperty("message");
        message.GetProperty("role").GetString().ShouldBe("assistant");
        message.GetProperty("content").GetString().ShouldBe("Hello");
        choice.GetProperty("logprobs").GetProperty("content").GetArrayLength().ShouldBe(2);
        var call = message.GetProperty("tool_calls")[0];
        call.GetProperty("function").GetProperty("arguments").GetString().ShouldBe("""{"a":1}""");
        call.TryGetProperty("index", out _).ShouldBeFalse();
        whole.GetProperty("usage").GetProperty("completion_tokens").GetInt32().ShouldBe(2);
    }

    [Fact]
    public void A_stream_of_responses_becomes_its_last_event_or_its_error()
    {
        var answer = new StreamedAnswer();
        void Add(string kind, string rest) => answer.Add(Encoding.UTF8.GetBytes(
            $"event: {kind}\ndata: {{\"type\":\"{kind}\",{rest}}}\n\n"));
        Add("response.created", """ "response":{"id":"r","error":null} """);
        Add("response.output_text.delta", """ "delta":"Hi" """);
        Add("response.completed", """ "response":{"id":"r","object":"response","error":null} """);
        answer.Error.ShouldBeNull();
        Encoding.UTF8.GetString(answer.Whole()!).ShouldBe("""{"id":"r","object":"response","error":null}""");
        Add("response.failed", """ "response":{"error":{"message":"no"}} """);
        answer.Error!["message"]!.ToString().ShouldBe("no");
    }

    [Fact]
    public void A_response_is_followed_where_all_of_it_is_in_its_body()
    {
        static UpstreamPrompt? Of(string body) =>
            UpstreamPrompt.Of(JsonDocument.Parse(body).RootElement, 4, 16);
        var told = Of("""{"instructions":"INSTR","input":"INPUT","max_output_tokens":9}"""
            .Replace("INSTR", new string('a', 400)).Replace("INPUT", new string('b', 400)))!;
        (told.Tokens, told.OutputTokens, told.Keys.Length).ShouldBe((208, 9, 12));
        Of("""{"input":[{"role":"user","content":"hello there"}]}""").ShouldNotBeNull();
        Of("""{"input":"go on","previous_response_id":"resp_1"}""").ShouldBeNull();
        Of("""{"input":"later","background":true}""").ShouldBeNull();
    }

    [Fact]
    public void The_input_of_a_response_is_cut_behind_its_instructions()
    {
        var body = JsonDocument.Parse("""{"model":"m","instructions":"be brief","input":"LONG"}"""
            .Replace("LONG", new string('x', 4000))).RootElement;
        var cut = JsonDocument.Parse(PromptSlices.Cut(body, "theirs", 0.5, null)!.Value).RootElement;
        cut.GetProperty("max_output_tokens").GetInt32().ShouldBe(1);
        cut.GetProperty("instructions").GetString().ShouldBe("be brief");
        cut.GetProperty("input").GetString()!.Length.ShouldBeInRange(1900, 2050);
        PromptSlices.Cut(body, "m", 0.001, null).ShouldBeNull();
    }

    [Fact]
    public void A_prompt_is_cut_inside_its_last_text_only()
    {
        var body = JsonDocument.Parse(
            """{"model":"m","messages":[{"role":"system","content":"be brief"},{"role":"user","content":"LONG"}],"n":1}"""
            .Replace("LONG", new string('x', 4000))).RootElement;
        var cut = JsonDocument.Parse(PromptSlices.Cut(body, "theirs", 0.5, 1)!.Value).RootElement;
        cut.GetProperty("model").GetString().ShouldBe("theirs");
        cut.GetProperty("max_tokens").GetInt32().ShouldBe(1);
        cut.GetProperty("priority").GetInt32().ShouldBe(1);
        cut.GetProperty("messages")[0].GetProperty("content").GetString().ShouldBe("be brief");
        cut.GetProperty("messages")[1].GetProperty("content").GetString()!.Length.ShouldBeInRange(1800, 2050);
        PromptSlices.Cut(body, "m", 0.001, null).ShouldBeNull();
    }

    [Fact]
    public void Prompts_that_begin_alike_have_keys_that_begin_alike()
    {
        UpstreamPrompt Of(string text) => UpstreamPrompt.Of(
            JsonDocument.Parse($$"""{"prompt":"{{text}}","max_tokens":7}""").RootElement, 4, 16)!;
        var one = Of(new string('a', 640) + new string('b', 640));
        var other = Of(new string('a', 640) + new string('c', 640));
        one.OutputTokens.ShouldBe(7);
        one.Tokens.ShouldBe(328);
        one.Keys.Span.CommonPrefixLength(other.Keys.Span).ShouldBe(10);
        UpstreamPrompt.Of(JsonDocument.Parse("""{"prompt":"a","n":2}""").RootElement, 4, 16).ShouldBeNull();
        UpstreamPrompt.Of(JsonDocument.Parse("""{"prompt":[1,2]}""").RootElement, 4, 16).ShouldBeNull();
    }

    [Fact]
    public void Gauges_are_summed_over_their_series()
    {
        const string Text = "# TYPE vllm:num_requests_running gauge\n"
            + "vllm:num_requests_running{engine=\"0\"} 3.0\n"
            + "vllm:num_requests_running{engine=\"1\"} 4.0\nvllm:num_requests_running_other 9\n";
        UpstreamWatch.Sum(Text, "vllm:num_requests_running").ShouldBe(7);
        UpstreamWatch.Sum(Text, "vllm:num_requests_waiting").ShouldBeNull();
    }
}
