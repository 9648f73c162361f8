using System;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Plimsoll.Core;
using Plimsoll.Server.Api;
using Plimsoll.Server.Files;
using Plimsoll.Server.Serving;
using Plimsoll.Tuning.Training.Jobs;

namespace Plimsoll.Server.FineTuning;

/// <summary><c>/v1/fine_tuning/jobs</c>: OpenAI's API, for clients whose hosted service is gone.</summary>
sealed class FineTuningEndpoints(Gate gate, JobDesk desk, FineTuningRunner runner)
{
    public async Task CreateAsync(HttpContext context)
    {
        var tenant = gate.Authenticate(context);
        using var place = gate.Enter();
        using var document = JsonBody.Parse(await gate.ReadBodyAsync(context));
        JsonObject job;
        try
        {
            if (document.RootElement.TryGetProperty("model", out var model)
                && model.ToString() is { Length: > 0 } name)
            {
                runner.CheckModel(name);
            }
            job = desk.Create(tenant.Name, document.RootElement);
        }
        catch (BadInputException bad)
        {
            throw ApiException.Bad(bad.Message, bad.Message.Split([':', ' '], 2)[0]);
        }
        runner.Wake();
        await WriteAsync(context, job);
    }

    public Task ListAsync(HttpContext context)
    {
        var tenant = gate.Authenticate(context);
        return WriteAsync(context, desk.List(tenant.Name, After(context), Limit(context)));
    }

    public Task GetAsync(HttpContext context) => AnswerAsync(context, desk.Get);

    public Task CancelAsync(HttpContext context) => AnswerAsync(context, desk.Cancel);

    public Task PauseAsync(HttpContext context) => AnswerAsync(context, desk.Pause);

    public async Task ResumeAsync(HttpContext context)
    {
        await AnswerAsync(context, desk.Resume);
        runner.Wake();
    }

    public Task EventsAsync(HttpContext context) =>
        AnswerAsync(context, (tenant, id) => desk.Events(tenant, id, After(context), Limit(context)));

    public Task CheckpointsAsync(HttpContext context) => AnswerAsync(context, desk.Checkpoints);

    Task AnswerAsync(HttpContext context, Func<string, string, JsonObject?> handle)
    {
        var tenant = gate.Authenticate(context);
        var id = (string)context.Request.RouteValues["id"]!;
        try
        {
            return WriteAsync(context, handle(tenant.Name, id)
                ?? throw ApiException.NotFound($"Could not find fine tune: {id}", "fine_tune_id",
                    "fine_tune_not_found"));
        }
        catch (BadInputException bad)
        {
            throw new ApiException(409, bad.Message, "invalid_request_error", null, "job_state");
        }
    }

    static string? After(HttpContext context) => context.Request.Query["after"].ToString()
        is { Length: > 0 } after ? after : null;

    static int Limit(HttpContext context) =>
        FileEndpoints.Limit(context.Request.Query["limit"].ToString(), 20);

    static Task WriteAsync(HttpContext context, JsonObject answer) =>
        CompletionEndpoints.WriteJsonAsync(context, Encoding.UTF8.GetBytes(answer.ToJsonString()));
}
