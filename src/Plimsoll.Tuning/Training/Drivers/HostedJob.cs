using System;
using System.IO;
using System.Net.Http;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core;

namespace Plimsoll.Tuning.Training.Drivers;

/// <summary>What a hosted job gave: a name that its endpoint serves, and no weights.</summary>
public sealed record HostedResult(string Job, string Model, long? TrainedTokens);

/// <summary>
/// A spec at an OpenAI-style fine-tuning API: its file goes up, a job is made of it and waited for. What the
/// API has no word for (rank, targets, template) is the endpoint's own.
/// </summary>
/// <param name="client">Its base address ends before <c>v1/</c>.</param>
public sealed class HostedJob(HttpClient client, Action<string> story)
{
    static readonly TimeSpan _between = TimeSpan.FromSeconds(1);

    /// <param name="trainFile">Records as canonical chat JSONL.</param>
    /// <param name="model">Of the endpoint.</param>
    /// <exception cref="BadInputException">The endpoint refuses, or the job fails, in its words.</exception>
    public async Task<HostedResult> RunAsync(TrainingOptions options, string trainFile, string model,
        string? suffix, CancellationToken cancellation)
    {
        var file = await UploadAsync(trainFile, cancellation).ConfigureAwait(false);
        var job = await CallAsync(HttpMethod.Post, "v1/fine_tuning/jobs",
            JsonContent.Create(Body(options, file, model, suffix)), cancellation).ConfigureAwait(false);
        var id = Text(job, "id");
        story($"job {id} of {file}");
        try
        {
            return await WaitAsync(id, job, cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Nobody waits for it any more, and it would go on costing.
            await CallAsync(HttpMethod.Post, $"v1/fine_tuning/jobs/{id}/cancel", null, CancellationToken.None)
                .ConfigureAwait(false);
            throw;
        }
    }

    async Task<HostedResult> WaitAsync(string id, JsonObject job, CancellationToken cancellation)
    {
        var said = "";
        while (true)
        {
            var status = Text(job, "status");
            if (status != said)
                story($"job {id}: {said = status}");
            switch (status)
            {
                case "succeeded":
                    return new HostedResult(id, Text(job, "fine_tuned_model"), (long?)job["trained_tokens"]);
                case "failed" or "cancelled":
                    throw new BadInputException($"{client.BaseAddress}: job {id} {status}: "
                        + $"{job["error"]?["message"] ?? "no reason given"}");
            }
            await Task.Delay(_between, cancellation).ConfigureAwait(false);
            job = await CallAsync(HttpMethod.Get, $"v1/fine_tuning/jobs/{id}", null, cancellation)
                .ConfigureAwait(false);
        }
    }

    async Task<string> UploadAsync(string trainFile, CancellationToken cancellation)
    {
        using var form = new MultipartFormDataContent
        {
            { new StringContent("fine-tune"), "purpose" },
            { new ByteArrayContent(File.ReadAllBytes(trainFile)), "file", DriverFiles.DataFile },
        };
        return Text(await CallAsync(HttpMethod.Post, "v1/files", form, cancellation).ConfigureAwait(false),
            "id");
    }

    static JsonObject Body(TrainingOptions options, string file, string model, string? suffix)
    {
        var type = options.Method == TrainingMethod.Dpo ? "dpo" : "supervised";
        var numbers = new JsonObject
        {
            ["n_epochs"] = options.Epochs,
            ["batch_size"] = Math.Max(1, options.BatchTokens / options.SequenceTokens),
            ["learning_rate_multiplier"] = options.LearningRate / new TrainingOptions().LearningRate,
        };
        if (options.Method == TrainingMethod.Dpo)
            numbers["beta"] = options.DpoBeta;
        var body = new JsonObject
        {
            ["model"] = model,
            ["training_file"] = file,
            ["seed"] = options.Seed,
            ["method"] = new JsonObject { ["type"] = type,
                [type] = new JsonObject { ["hyperparameters"] = numbers } },
        };
        if (suffix is not null)
            body["suffix"] = suffix;
        return body;
    }

    async Task<JsonObject> CallAsync(HttpMethod method, string path, HttpContent? content,
        CancellationToken cancellation)
    {
        try
        {
            using var request = new HttpRequestMessage(method, path) { Content = content };
            using var response = await client.SendAsync(request, cancellation).ConfigureAwait(false);
            var text = await response.Content.ReadAsStringAsync(cancellation).ConfigureAwait(false);
            var answer = JsonNode.Parse(text) as JsonObject;
            return response.IsSuccessStatusCode && answer is not null ? answer : throw new BadInputException(
                $"{client.BaseAddress}{path}: {answer?["error"]?["message"] ?? (int)response.StatusCode}");
        }
        catch (Exception e) when (e is HttpRequestException or JsonException)
        {
            throw new BadInputException(
                $"{client.BaseAddress}{path}: {e.Message.TrimEnd('.')}; expected an OpenAI-style endpoint");
        }
    }

    string Text(JsonObject answer, string key) => answer[key]?.ToString()
        ?? throw new BadInputException($"{client.BaseAddress}: an answer without {key}; expected OpenAI's");
}
