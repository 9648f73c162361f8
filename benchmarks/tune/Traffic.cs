using System;
using System.Collections.Concurrent;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core;

namespace Plimsoll.Tune.Figures;

/// <summary>
/// The users of a task: each asks one question of a file under a session of its own, a few at a time, and
/// says in the end which release answered how many.
/// </summary>
static class Traffic
{
    const int AtOnce = 8;
    const int MostAttempts = 300;

    /// <param name="requests">Ends after so many, or when it is told to stop (SIGTERM).</param>
    public static async Task RunAsync(string server, string task, string file, int requests, string? key)
    {
        var questions = await File.ReadAllLinesAsync(file);
        if (questions.Length == 0)
            throw new BadInputException($"{file}: empty; expected one question a line");
        using var client = new HttpClient { BaseAddress = new Uri(server) };
        if (key is not null)
            client.DefaultRequestHeaders.Authorization = new("Bearer", key);
        using var stop = new CancellationTokenSource();
        using var signal = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            stop.Cancel();
        });
        var answered = new ConcurrentDictionary<string, int>();
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested && Interlocked.Increment(ref next) is var i && i < requests)
            {
                var who = await AskAsync(client, task, questions[i % questions.Length], i, stop.Token);
                answered.AddOrUpdate(who, 1, (_, before) => before + 1);
            }
        })));
        foreach (var (who, count) in answered.Where(a => a.Key.Length > 0).OrderBy(a => a.Key))
            Console.WriteLine($"{count,6} answered by {who}");
    }

    static async Task<string> AskAsync(
        HttpClient client, string task, string question, int session, CancellationToken stop)
    {
        for (var attempt = 0; !stop.IsCancellationRequested; attempt++)
        {
            if (attempt == MostAttempts)
                throw new BadInputException($"{client.BaseAddress}: no answer of {task} in a minute");
            using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions")
            {
                Content = JsonContent.Create(new
                {
                    model = task,
                    temperature = 0,
                    max_tokens = 16,
                    messages = new[] { new { role = "user", content = question } },
                }),
            };
            request.Headers.Add("x-session-id", $"session-{session}");
            try
            {
                using var response = await client.SendAsync(request, stop);
                // Until the task is there.
                if (response.StatusCode != HttpStatusCode.NotFound)
                {
                    return response.IsSuccessStatusCode
                        ? response.Headers.TryGetValues("x-plimsoll-release", out var who)
                            ? who.First() : task
                        : $"error {(int)response.StatusCode}";
                }
            }
            catch (HttpRequestException)
            {
                // The server is starting or has gone.
            }
            catch (OperationCanceledException)
            {
                return "";
            }
            await Task.Delay(200, CancellationToken.None);
        }
        return "";
    }
}
