using System;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Plimsoll.Bench.Runs;
using Plimsoll.Bench.Wire;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Bench;

/// <summary>
/// Whatever answers for <c>/v1/models</c>: a name, or one line that says what was there instead.
/// </summary>
public sealed class ModelListTests
{
    const string Good = "{\"data\":[{\"id\":\"m\"}]}";

    [Theory]
    [InlineData("plain", "m", null)]
    [InlineData("bom", "m", null)]
    [InlineData("401", null, "HTTP 401: no key; expected a key in OPENAI_API_KEY")]
    [InlineData("500", null, "HTTP 500: no key")]
    [InlineData("302", null, "HTTP 302: redirects to https://elsewhere/; expected the address itself")]
    [InlineData("204", null, "HTTP 204 without a body; expected a list of models")]
    [InlineData("html", null, "content type text/html; expected application/json")]
    [InlineData("gzip", null, "packed as gzip, which was not asked for")]
    [InlineData("newline", null, "a model whose name is no line of text: a b")]
    [InlineData("none", null, "lists no model")]
    [InlineData("array", null, "JSON without a list \"data\"; expected a list of models")]
    [InlineData("number", null, "a model without a name")]
    [InlineData("cut", null, "is no JSON: {\"data\":[{")]
    [InlineData("endless", null, "more than 4 MB; expected a list of models")]
    public async Task Whatever_answers_is_a_name_or_one_line(string how, string? model, string? problem)
    {
        await using var endpoint = await ScriptedEndpoint.Start(models: context => Answer(context, how));
        var list = await Ask(endpoint.BaseUrl);
        (list.Model, list.Problem).ShouldBe((model, problem));
        list.MayPass.ShouldBe(how == "500");
    }

    [Fact]
    public async Task Nobody_there_may_pass()
    {
        var list = await Ask(new Uri("http://127.0.0.1:9"));
        list.Model.ShouldBeNull();
        list.MayPass.ShouldBeTrue();
    }

    static async Task<ModelList> Ask(Uri address)
    {
        using var endpoint = new Plimsoll.Bench.Wire.Endpoint(
            new EndpointOptions { BaseUrl = address, Model = "" }, new RunClock());
        return await ModelList.Ask(endpoint, CancellationToken.None);
    }

    static async Task Answer(HttpContext context, string how)
    {
        var response = context.Response;
        response.ContentType = how == "html" ? "text/html" : "application/json";
        if (int.TryParse(how, out var status))
        {
            response.StatusCode = status;
            response.Headers.Location = status == 302 ? "https://elsewhere/" : default;
            if (status != 204)
                await response.WriteAsync("{\"error\":{\"message\":\"no key\"}}");
            return;
        }
        if (how == "gzip")
            response.Headers.ContentEncoding = "gzip";
        var filler = new string(' ', 1 << 16);
        while (how == "endless" && !context.RequestAborted.IsCancellationRequested)
            await response.WriteAsync(filler, context.RequestAborted);
        await response.WriteAsync(how switch
        {
            "bom" => "\uFEFF" + Good,
            "html" => "<html>sign in</html>",
            "newline" => "{\"data\":[{\"id\":\"a\\nb\"}]}",
            "none" => "{\"data\":[]}",
            "array" => "[]",
            "number" => "{\"data\":[7]}",
            "cut" => "{\"data\":[{",
            _ => Good,
        });
    }
}
