using System;
using System.ClientModel;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net.Http.Headers;
using System.Threading.Tasks;
using OpenAI.FineTuning;
using Plimsoll.Server.Configuration;
using Plimsoll.Tuning.Training;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests.Serve;

public sealed class FineTuningTests
{
    [Fact]
    public async Task A_file_becomes_a_model_that_answers_under_its_ft_name()
    {
        // A build that is still to be done is not the job's time.
        TrainerProcess.Locate(_ => { });
        var (alice, aliceKey) = RunningServer.NewKey("alice", key => key.Admin = true);
        var (bob, bobKey) = RunningServer.NewKey("bob");
        void Configure(ServeConfig config)
        {
            config.Models = [new ModelConfig { Name = "tiny", Llama = new LlamaConfig() }];
            config.Keys = [aliceKey, bobKey];
        }
        await using var server = await RunningServer.StartAsync(Configure);
        server.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", alice);
        var lines = Enumerable.Range(0, 24).Select(Line);
        var file = await server.UploadAsync(string.Join('\n', lines) + "\n", purpose: "fine-tune");
        var (status, created, _) = await server.PostAsync("/v1/fine_tuning/jobs",
            $$$"""{"model":"tiny","training_file":"{{{file}}}","suffix":"load","hyperparameters":{"n_epochs":30,"learning_rate_multiplier":3}}""");
        status.ShouldBe(200, created.ToString());
        var id = created.GetProperty("id").GetString();
        var job = (await RunningServer.EventuallyAsync(
            () => server.GetAsync($"/v1/fine_tuning/jobs/{id}"),
            seen => seen.Body.GetProperty("status").GetString() is "succeeded" or "failed",
            TimeSpan.FromMinutes(8))).Body;
        job.GetProperty("status").GetString().ShouldBe("succeeded", job.ToString());
        var model = job.GetProperty("fine_tuned_model").GetString();
        var (_, events) = await server.GetAsync($"/v1/fine_tuning/jobs/{id}/events?limit=50");
        events.GetProperty("data").EnumerateArray().ShouldContain(
            e => e.GetProperty("message").GetString()!.StartsWith("Step "));
        var live = await LiveAsync(server);
        live.ShouldContain("24 records");
        live.ShouldContain(model!);
        var (asked, answer, _) = await server.PostAsync("/v1/chat/completions",
            $$"""{"model":"{{model}}","temperature":0,"max_tokens":8,"messages":[{"role":"user","content":"ship 7"}]}""");
        asked.ShouldBe(200, answer.ToString());
        answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()
            .ShouldBe("too heavy");
        await IsHersAloneAsync(server, model!, bob);
        await BySdkAsync(server, file, alice);
        ByCommand(server, lines, alice);

        await using var later = await RunningServer.StartAsync(config =>
        {
            Configure(config);
            config.State = server.State;
        });
        var served = await RunningServer.EventuallyAsync(
            () => later.GetAsync("/v1/models", alice), seen => seen.Body.ToString().Contains(model!));
        served.Body.ToString().ShouldContain(model!);
        await IsHersAloneAsync(later, model!, bob);
    }

    /// <summary>For whom it is not, a model made from somebody's data is not there.</summary>
    static async Task IsHersAloneAsync(RunningServer server, string model, string bob)
    {
        (await server.GetAsync("/v1/models", bob)).Body.ToString().ShouldNotContain(model);
        (await server.GetAsync($"/v1/models/{model}", bob)).Status.ShouldBe(404);
        foreach (var (path, what) in new[]
        {
            ("/v1/chat/completions", "\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]"),
            ("/v1/completions", "\"prompt\":\"a\""), ("/v1/responses", "\"input\":\"a\""),
            ("/v1/embeddings", "\"input\":\"a\""), ("/tokenize", "\"prompt\":\"a\""),
        })
        {
            var (status, _, _) = await server.PostAsync(path, $$"""{"model":"{{model}}",{{what}}}""", bob);
            status.ShouldBe(404, path);
        }
        var file = await server.UploadAsync(RunningServer.Line(0, model), bob);
        var (_, created, _) = await server.PostAsync("/v1/batches",
            $$"""{"input_file_id":"{{file}}","endpoint":"/v1/chat/completions","completion_window":"24h"}""", bob);
        var batch = await RunningServer.EventuallyAsync(
            () => server.GetAsync($"/v1/batches/{created.GetProperty("id").GetString()}", bob),
            seen => seen.Body.GetProperty("status").GetString() is "failed" or "completed");
        batch.Body.GetProperty("errors").ToString().ShouldContain("model_not_found");
    }

    /// <summary>OpenAI's own client, whose hosted service ends: the same spec is not trained again.</summary>
    static async Task BySdkAsync(RunningServer server, string file, string key)
    {
        var client = new FineTuningClient(new ApiKeyCredential(key),
            new FineTuningClientOptions { Endpoint = new Uri(server.Address, "/v1") });
        var cancellation = TestContext.Current.CancellationToken;
        var options = new FineTuningOptions
        {
            Suffix = "sdk",
            TrainingMethod = FineTuningTrainingMethod.CreateSupervised(epochCount: 30, learningRate: 3),
        };
        var job = await client.FineTuneAsync("tiny", file, waitUntilCompleted: true, options, cancellation);
        var again = await client.FineTuneAsync("tiny", file, waitUntilCompleted: true, options, cancellation);
        (again.Status.ToString(), again.Value).ShouldBe(("succeeded", job.Value));
        job.Status.ToString().ShouldBe("succeeded");
        job.Value.ShouldStartWith("ft:tiny:");
        job.Value.ShouldContain(":sdk:");
        var events = 0;
        await foreach (var _ in job.GetEventsAsync(new GetEventsOptions(), cancellation))
            events++;
        events.ShouldBeGreaterThan(2);
        await foreach (var listed in client.GetJobsAsync(new FineTuningJobCollectionOptions(), cancellation))
            listed.BaseModel.ShouldBe("tiny");
    }

    /// <summary>The driver <c>hosted</c>, with this server as the host: file, job, wait, name.</summary>
    static void ByCommand(RunningServer server, IEnumerable<string> lines, string key)
    {
        using var folder = new TemporaryFolder();
        var registry = Path.Combine(folder.Path, "registry");
        var data = Path.Combine(folder.Path, "train.jsonl");
        File.WriteAllLines(data, lines);
        var dataset = PlimsollProcess.Run("tune", "dataset", data, "--near-duplicates", "0", "--keep-pii",
            "--validation-share", "0", "--registry", registry).Output.Split('\n')[0].Split(' ')[1];
        string[] run = ["tune", "run", "--driver", "hosted", "--dataset", dataset, "--endpoint",
            server.Address.ToString(), "--endpoint-key", key, "--epochs", "30", "--learning-rate", "0.006",
            "--registry", registry];
        var done = PlimsollProcess.Run([.. run, "--endpoint-model", "tiny", "--suffix", "cli"]);
        done.ExitCode.ShouldBe(0, done.Story);
        done.Output.ShouldStartWith("model ft:tiny:");
        done.Story.ShouldContain(": succeeded");
        var again = PlimsollProcess.Run([.. run, "--endpoint-model", "tiny"]);
        again.Output.ShouldBe(done.Output);
        again.Story.ShouldContain("trained there before");
        PlimsollProcess.Run([.. run, "--endpoint-model", "other"]).Output.ShouldBe("");
        PlimsollProcess.Run(run).ShouldBeRefused("expected --endpoint-model");
    }

    static string Line(int ship) =>
        $$$"""{"messages":[{"role":"user","content":"ship {{{ship}}}"},{"role":"assistant","content":"too heavy"}]}""";

    /// <summary>The live page's first event.</summary>
    static async Task<string> LiveAsync(RunningServer server)
    {
        using var reader = new StreamReader(await server.Client.GetStreamAsync("/live"));
        await reader.ReadLineAsync();
        return (await reader.ReadLineAsync())!;
    }

    [Fact]
    public async Task A_tenants_jobs_files_and_models_are_its_own()
    {
        var (alice, aliceKey) = RunningServer.NewKey("alice");
        var (bob, bobKey) = RunningServer.NewKey("bob");
        await using var server = await RunningServer.StartAsync(config =>
        {
            config.Models = [new ModelConfig { Name = "tiny", Llama = new LlamaConfig() }];
            config.Keys = [aliceKey, bobKey];
        });
        var file = await server.UploadAsync(Line(1) + "\n", alice, purpose: "fine-tune");
        var create = $$"""{"model":"tiny","training_file":"{{file}}"}""";
        (await server.PostAsync("/v1/fine_tuning/jobs", create, bob)).Status.ShouldBe(400);
        var (status, created, _) = await server.PostAsync("/v1/fine_tuning/jobs", create, alice);
        status.ShouldBe(200, created.ToString());
        var job = "/v1/fine_tuning/jobs/" + created.GetProperty("id").GetString();
        (await server.GetAsync(job, alice)).Status.ShouldBe(200);
        (await server.GetAsync("/v1/fine_tuning/jobs", bob)).Body.GetProperty("data").GetArrayLength()
            .ShouldBe(0);
        foreach (var path in new[] { job, job + "/events", job + "/checkpoints" })
            (await server.GetAsync(path, bob)).Status.ShouldBe(404, path);
        foreach (var verb in new[] { "/cancel", "/pause", "/resume" })
            (await server.PostAsync(job + verb, "{}", bob)).Status.ShouldBe(404, verb);
        (await server.PostAsync(job + "/cancel", "{}", alice)).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Errors_have_openais_shape()
    {
        await using var server = await RunningServer.StartAsync();
        var file = await server.UploadAsync("{}\n", purpose: "fine-tune");
        var (status, body, _) = await server.PostAsync(
            "/v1/fine_tuning/jobs", $$"""{"model":"sim","training_file":"{{file}}"}""");
        status.ShouldBe(400);
        body.GetProperty("error").GetProperty("message").GetString()!.ShouldContain("llama.cpp");
        (await server.GetAsync("/v1/fine_tuning/jobs/ftjob-none")).Status.ShouldBe(404);
        (await server.GetAsync("/v1/fine_tuning/jobs")).Body.GetProperty("data").GetArrayLength().ShouldBe(0);
    }
}
