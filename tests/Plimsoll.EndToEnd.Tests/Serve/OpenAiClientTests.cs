using System;
using System.ClientModel;
using System.ClientModel.Primitives;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Threading.Tasks;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Files;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>The official .NET SDK, unpatched, against the server.</summary>
public sealed class OpenAiClientTests
{
    static OpenAIClient ClientOf(RunningServer server) => new(
        new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(server.Address, "/v1") });

    [Fact]
    public async Task Chat_answers_whole_and_in_a_stream_alike()
    {
        await using var server = await RunningServer.StartAsync();
        var chat = ClientOf(server).GetChatClient("sim");
        ChatMessage[] messages =
            [new SystemChatMessage("be brief"), new UserChatMessage("what is a load line?")];
        ChatCompletion whole =
            await chat.CompleteChatAsync(messages, new ChatCompletionOptions { MaxOutputTokenCount = 20 });
        var text = new StringBuilder();
        ChatTokenUsage? usage = null;
        ChatFinishReason? finish = null;
        await foreach (
            var update in chat.CompleteChatStreamingAsync(messages,
                new ChatCompletionOptions { MaxOutputTokenCount = 20 }))
        {
            foreach (var part in update.ContentUpdate)
                text.Append(part.Text);
            usage = update.Usage ?? usage;
            finish = update.FinishReason ?? finish;
        }
        text.ToString().ShouldBe(whole.Content[0].Text);
        finish.ShouldBe(whole.FinishReason);
        usage!.OutputTokenCount.ShouldBe(whole.Usage.OutputTokenCount);
        whole.Usage.InputTokenCount.ShouldBeGreaterThan(5);
    }

    [Fact]
    public async Task Several_answers_differ_and_carry_log_probabilities()
    {
        await using var server = await RunningServer.StartAsync();
        var chat = ClientOf(server).GetChatClient("sim");
        ChatCompletion answer = await chat.CompleteChatAsync(
            [new UserChatMessage("hello")],
            new ChatCompletionOptions { IncludeLogProbabilities = true, TopLogProbabilityCount =
                3, MaxOutputTokenCount = 5 });
        answer.ContentTokenLogProbabilities.Count.ShouldBe(answer.Usage.OutputTokenCount);
        answer.ContentTokenLogProbabilities.ShouldAllBe(token => token.TopLogProbabilities.Count == 3
            && token.LogProbability < 0);
        var (status, body, _) = await server.PostAsync(
            "/v1/chat/completions", """{"model":"sim","n":3,"max_tokens":6,"ignore_eos":true,"messages":[{"role":"user","content":"hi"}]}""");
        status.ShouldBe(200);
        var texts =
            body.GetProperty("choices").EnumerateArray()
                .Select(c => c.GetProperty("message").GetProperty("content").GetString()).ToList();
        texts.Distinct().Count().ShouldBe(3);
        body.GetProperty("usage").GetProperty("completion_tokens").GetInt32().ShouldBe(18);
    }

    [Fact]
    public async Task A_tool_that_must_be_called_is_called_with_arguments_of_its_schema()
    {
        await using var server = await RunningServer.StartAsync();
        var chat = ClientOf(server).GetChatClient("sim");
        var tool = ChatTool.CreateFunctionTool(
            "weather", "Weather of a city", BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}"""));
        ChatCompletion answer = await chat.CompleteChatAsync(
            [new UserChatMessage("weather in Kiel?")],
                new ChatCompletionOptions { Tools = { tool }, ToolChoice =
                    ChatToolChoice.CreateRequiredChoice() });
        answer.FinishReason.ShouldBe(ChatFinishReason.ToolCalls);
        var call = answer.ToolCalls.ShouldHaveSingleItem();
        call.FunctionName.ShouldBe("weather");
        JsonDocument.Parse(call.FunctionArguments).RootElement.GetProperty("city").GetString()
            .ShouldNotBeNullOrEmpty();
        ChatCompletion after = await chat.CompleteChatAsync(
            [new UserChatMessage("weather in Kiel?"), new AssistantChatMessage(answer),
                new ToolChatMessage(call.Id, "windy")]);
        after.Content[0].Text.ShouldNotBeEmpty();
    }

    [Fact]
    public async Task A_json_schema_is_kept()
    {
        await using var server = await RunningServer.StartAsync();
        var chat = ClientOf(server).GetChatClient("sim");
        ChatCompletion answer = await chat.CompleteChatAsync(
            [new UserChatMessage("a ship")],
            new ChatCompletionOptions
            {
                ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat(
                    "ship", BinaryData.FromString("""{"type":"object","properties":{"name":{"type":"string"},"draught":{"type":"number"}}}""")),
            });
        JsonDocument.Parse(answer.Content[0].Text).RootElement.GetProperty("draught").GetDouble().ShouldBe(1);
    }

    [Fact]
    public async Task Embeddings_are_unit_vectors_and_alike_for_alike_texts()
    {
        await using var server = await RunningServer.StartAsync();
        var client = ClientOf(server).GetEmbeddingClient("sim");
        var vectors =
            (await client.GenerateEmbeddingsAsync(["the calm sea", "the calm sea today", "xylophone"])).Value;
        var (a, b, c) =
            (vectors[0].ToFloats().ToArray(), vectors[1].ToFloats().ToArray(), vectors[2].ToFloats()
                .ToArray());
        Dot(a, a).ShouldBe(1, 1e-4);
        Dot(a, b).ShouldBeGreaterThan(Dot(a, c));

        static double Dot(float[] x, float[] y) => x.Zip(y, (p, q) => (double)p * q).Sum();
    }

    [Fact]
    public async Task Models_files_and_batches_answer_the_sdk()
    {
        await using var server = await RunningServer.StartAsync();
        var client = ClientOf(server);
        (await client.GetOpenAIModelClient().GetModelsAsync()).Value.ShouldHaveSingleItem()
            .Id.ShouldBe("sim");
        var files = client.GetOpenAIFileClient();
        OpenAIFile file =
            await files.UploadFileAsync(BinaryData.FromString(RunningServer.Lines(12)), "in.jsonl",
                FileUploadPurpose.Batch);
        (await files.DownloadFileAsync(file.Id)).Value.ToString().ShouldBe(RunningServer.Lines(12));
        (await files.GetFilesAsync()).Value.ShouldContain(f => f.Id == file.Id);
        var batches = client.GetBatchClient();
        var created = await batches.CreateBatchAsync(
            BinaryContent.Create(BinaryData.FromObjectAsJson(new Dictionary<string, string>
            {
                ["input_file_id"] = file.Id,
                ["endpoint"] = "/v1/chat/completions",
                ["completion_window"] = "24h",
            })), waitUntilCompleted: false);
        var id = JsonDocument.Parse(created.GetRawResponse().Content).RootElement.GetProperty("id")
            .GetString()!;
        var done = await RunningServer.EventuallyAsync(
            async () =>
                JsonDocument.Parse((await batches.GetBatchAsync(id, new RequestOptions())).GetRawResponse()
                    .Content).RootElement,
            batch => batch.GetProperty("status").GetString() == "completed");
        done.GetProperty("request_counts").GetProperty("completed").GetInt32().ShouldBe(12);
        var output = (await files.DownloadFileAsync(done.GetProperty("output_file_id").GetString()))
            .Value.ToString();
        output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("custom_id").GetString())
                .ShouldBe(Enumerable.Range(0, 12).Select(i => $"r{i}"));
        (await files.DeleteFileAsync(file.Id)).Value.Deleted.ShouldBeTrue();
    }

    [Fact]
    public async Task An_error_is_the_sdks_error()
    {
        await using var server = await RunningServer.StartAsync();
        var chat = ClientOf(server).GetChatClient("nowhere");
        var error =
            await Should.ThrowAsync<ClientResultException>(async () =>
                await chat.CompleteChatAsync([new UserChatMessage("hi")]));
        error.Status.ShouldBe(404);
        error.Message.ShouldContain("model_not_found");
    }
}
