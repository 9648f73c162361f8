using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Plimsoll.Core;
using Plimsoll.Server.Rollout;
using Plimsoll.Server.Serving;

namespace Plimsoll.Server.Api;

/// <summary><c>/v1/rollouts</c>: a candidate's way into a task's traffic, and back out of it. For admin
/// keys.</summary>
sealed class RolloutEndpoints(Gate gate, RolloutDesk desk)
{
    public async Task CreateAsync(HttpContext context)
    {
        gate.AuthenticateAdmin(context);
        var body = await gate.ReadBodyAsync(context);
        try
        {
            var state = await desk.StartAsync(RolloutSpec.Read(body), context.RequestAborted);
            await WriteAsync(context, state);
        }
        catch (BadInputException bad)
        {
            throw ApiException.Bad(bad.Message);
        }
    }

    public Task ListAsync(HttpContext context)
    {
        gate.AuthenticateAdmin(context);
        return CompletionEndpoints.WriteJsonAsync(context, JsonSerializer.SerializeToUtf8Bytes(
            new RolloutList(desk.States), RolloutJson.Default.RolloutList));
    }

    public Task GetAsync(HttpContext context)
    {
        gate.AuthenticateAdmin(context);
        return WriteAsync(context, desk.Find(Task(context)));
    }

    public async Task RollBackAsync(HttpContext context)
    {
        gate.AuthenticateAdmin(context);
        var body = await gate.ReadBodyAsync(context);
        var reason = "by hand";
        if (body.Length > 0)
        {
            using var document = JsonBody.Parse(body);
            reason = document.RootElement.Text("reason") ?? reason;
        }
        await WriteAsync(context, desk.RollBack(Task(context), reason));
    }

    static string Task(HttpContext context) => (string)context.Request.RouteValues["task"]!;

    static Task WriteAsync(HttpContext context, RolloutState? state) =>
        CompletionEndpoints.WriteJsonAsync(context, JsonSerializer.SerializeToUtf8Bytes(
            state ?? throw ApiException.NotFound($"{Task(context)}: no rollout of that task.", "task"),
            RolloutJson.Default.RolloutState));
}

sealed record RolloutList(System.Collections.Generic.IReadOnlyList<RolloutState> Data);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(RolloutList))]
[JsonSerializable(typeof(RolloutState))]
sealed partial class RolloutJson : JsonSerializerContext;
