using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using Microsoft.Extensions.Time.Testing;
using Plimsoll.Server.Batches;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Server;

/// <summary>Who gets a place at a model, and when, on a clock of the test's own.</summary>
public sealed class BatchPlacesTests : IDisposable
{
    readonly FakeTimeProvider _time = new();
    readonly BatchPlaces _places;
    int _most = 2;

    public BatchPlacesTests() =>
        _places = new BatchPlaces(() => _most, tenant => tenant == "heavy" ? 3 : 1, _time);

    public void Dispose() => _places.Dispose();

    [Fact]
    public async Task Who_has_fewest_lines_in_work_is_next()
    {
        var (first, second) = (await EnterAsync("acme"), await EnterAsync("acme"));
        var (acme, globex) = (EnterAsync("acme"), EnterAsync("globex"));
        first.Dispose();
        (await globex).Tenant.ShouldBe("globex");
        acme.IsCompleted.ShouldBeFalse();
        second.Dispose();
        (await acme).Tenant.ShouldBe("acme");
        (await _places.EnterAsync("other", "acme", TestContext.Current.CancellationToken))
            .Tenant.ShouldBe("acme");
    }

    [Fact]
    public async Task Who_weighs_three_times_as_much_has_three_times_as_many_in_work()
    {
        _most = 8;
        var first = new List<BatchPlaces.Place>();
        for (var i = 0; i < _most; i++)
            first.Add(await EnterAsync("light"));
        var waiting = new List<Task<BatchPlaces.Place>>();
        for (var i = 0; i < 16; i++)
            waiting.Add(EnterAsync(i % 2 == 0 ? "light" : "heavy"));
        foreach (var place in first)
            place.Dispose();
        var heavy = 0;
        for (var i = 0; i < _most; i++)
        {
            var next = await Task.WhenAny(waiting);
            waiting.Remove(next);
            heavy += (await next).Tenant == "heavy" ? 1 : 0;
        }
        heavy.ShouldBe(6);
    }

    [Fact]
    public async Task A_model_that_is_away_gets_a_line_at_a_time_each_later_than_the_last()
    {
        var (first, second) = (await EnterAsync("a"), await EnterAsync("a"));
        TurnAway(first);
        TurnAway(second);
        foreach (var seconds in (double[])[0.5, 1, 2, 4, 8, 15, 15])
        {
            var next = EnterAsync("a");
            _time.Advance(TimeSpan.FromSeconds(seconds - 0.01));
            await NotYetAsync(next);
            _time.Advance(TimeSpan.FromSeconds(0.01));
            TurnAway(await next);
        }
        var waiting = EnterAsync("a");
        _time.Advance(TimeSpan.FromSeconds(15));
        var one = await waiting;
        var more = EnterAsync("a");
        await NotYetAsync(more);
        one.Answered();
        (await more).Dispose();
    }

    [Fact]
    public async Task A_full_model_is_asked_for_no_more_than_it_has_in_work()
    {
        _most = 4;
        var places = new Queue<BatchPlaces.Place>();
        for (var i = 0; i < _most; i++)
            places.Enqueue(await EnterAsync("a"));
        TurnAway(places.Dequeue());
        TurnAway(places.Dequeue());
        var (next, more) = (EnterAsync("a"), EnterAsync("a"));
        _time.Advance(TimeSpan.FromMinutes(1));
        await NotYetAsync(next);
        for (var i = 0; i < 2; i++)
        {
            var answered = places.Dequeue();
            answered.Answered();
            answered.Dispose();
        }
        (await next).Dispose();
        (await more).Dispose();
    }

    /// <summary>A grant that should not be is seen as a rule: it comes at once.</summary>
    static async Task NotYetAsync(Task granted)
    {
        await Task.Delay(5);
        granted.IsCompleted.ShouldBeFalse();
    }

    static void TurnAway(BatchPlaces.Place place)
    {
        place.TurnedAway();
        place.Dispose();
    }

    Task<BatchPlaces.Place> EnterAsync(string tenant) =>
        _places.EnterAsync("model", tenant, TestContext.Current.CancellationToken);
}
