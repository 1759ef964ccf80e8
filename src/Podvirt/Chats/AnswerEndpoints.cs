using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Podvirt.Access;
using Podvirt.Api;
using Podvirt.Api.OpenApi;

namespace Podvirt.Chats;

/// <summary><c>/api/answers</c>: one of its own, and of any answer: show, follow, stop, and its exact bytes.</summary>
internal sealed class AnswerEndpoints(
    AccessGate gate, IConversationStore store, AnswerRuns runs, IAnswerPeers peers, AnswerStarter starter, AnswerBills bills, ChatChecks checks,
    SessionWatch sessions, IHostApplicationLifetime lifetime, TimeProvider time)
{
    public void Map(IEndpointRouteBuilder api)
    {
        gate.Guard(api.MapPost("/answers", (Delegate)BeginAsync), Entry.Console).Describe(
            new ApiOperation("Begin an answer without a conversation") { Body = typeof(LoneQuestion), Answer = typeof(AnswerView), Status = 202, Refusals = [400, 404, 409, 429, 503] });
        gate.Guard(api.MapGet("/answers/{id}", (Delegate)ShowAsync), Entry.Console).Describe(
            new ApiOperation("Show an answer as it stands") { Answer = typeof(AnswerView), Refusals = [404] });
        gate.Guard(api.MapPost("/answers/{id}/stop", (Delegate)StopAsync), Entry.Console).Describe(
            new ApiOperation("Stop an answer, and its engine; the end comes in its events") { Answer = typeof(AnswerView), Status = 202, Refusals = [404] });
        gate.Guard(api.MapGet("/answers/{id}/events", (RequestDelegate)FollowAsync), Entry.Console).Describe(
            new ApiOperation("Follow an answer as server-sent events: snapshot, delta, state, end") { ContentType = "text/event-stream", Refusals = [404, 503] });
        gate.Guard(api.MapGet("/answers/{id}/frames", (Delegate)FramesAsync), Entry.Console).Describe(
            new ApiOperation("Show the exact bytes of an answer's request and stream, frame by frame")
            {
                Query = [new ApiParam("after", "The 'next' of the page before", "integer")],
                Answer = typeof(FramesView),
                Refusals = [400, 404],
            });
    }

    private static ApiException NotFound(string id) => new(StatusCodes.Status404NotFound, "answer_not_found", $"There is no answer '{id}'.", "id");

    private async Task<IResult> BeginAsync(HttpContext context)
    {
        var visitor = Visitor.Of(context);
        var request = await ApiJson.ReadAsync<LoneQuestion>(context, ChatBounds.BodyBytes);
        var project = await checks.ProjectAsync(visitor, request.Project, context.RequestAborted);
        await checks.CheckModelAsync(request.Model, context.RequestAborted);
        var answer = await starter.BeginAloneAsync(
            visitor, project, request.Model!, ChatChecks.Turns(request.Messages), ChatChecks.Settings(request.Settings));
        return ApiJson.Ok(answer, StatusCodes.Status202Accepted);
    }

    private async Task<IResult> ShowAsync(HttpContext context) => ApiJson.Ok(AnswerView.Of(await FindAsync(context)));

    private async Task<IResult> StopAsync(HttpContext context)
    {
        var answer = await FindAsync(context);
        if (runs.Find(answer.Identity.Id) is { } job)
        {
            job.Stop();
        }
        else if (answer.Facts.IsRunning)
        {
            await peers.StopAsync(answer.Identity.Id, context.RequestAborted);
        }
        return ApiJson.Ok(AnswerView.Of(answer), StatusCodes.Status202Accepted);
    }

    private async Task FollowAsync(HttpContext context)
    {
        using var right = await sessions.FollowAsync(Visitor.Of(context), context.RequestAborted);
        var answer = await FindAsync(context);
        await using var followed = runs.Find(answer.Identity.Id) is null ? await peers.FollowAsync(answer, context.RequestAborted) : null;
        var state = runs.Find(answer.Identity.Id)?.State ?? followed?.State;
        if (state is not null && !state.TryJoin())
        {
            context.Response.Headers.RetryAfter = "5";
            throw new ApiException(StatusCodes.Status503ServiceUnavailable, "too_many_readers", $"{ChatBounds.ReadersPerAnswer} readers follow this answer already.");
        }
        // A stopping server does not wait for pages that only watch, and who may no more watch goes on no longer.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, right.Ended, lifetime.ApplicationStopping);
        try
        {
            context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            context.Response.ContentType = "text/event-stream";
            context.Response.Headers["X-Accel-Buffering"] = "no";
            var feed = new AnswerFeed(context.Response, time, ending.Token);
            // One that ended since it was found is in the store as a whole.
            await (state is null ? feed.ReplayAsync(await FindAsync(context)) : feed.FollowAsync(state));
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The page was closed, or the server stops.
        }
        finally
        {
            state?.Leave();
        }
    }

    private async Task<IResult> FramesAsync(HttpContext context)
    {
        var after = ApiQuery.Number(context, "after", 0, long.MaxValue) ?? 0;
        var answer = await FindAsync(context);
        var page = await store.FramesAsync(answer.Identity.Visitor, answer.Identity.Id, after, context.RequestAborted) ?? throw NotFound(answer.Identity.Id);
        if (page.RequestHeaders is null || page.RequestBody is null)
        {
            throw new ApiException(
                StatusCodes.Status404NotFound, "frames_dropped", $"The exact bytes of this answer are gone: they are kept for {runs.FramesTime.TotalHours:0.##} h after its end.", "id");
        }
        var head = page.ResponseHead is { } text ? JsonSerializer.Deserialize<ResponseHead>(text, ApiJson.Options) : null;
        return ApiJson.Ok(new FramesView(
            new FrameRequest(
                HttpMethods.Post, ChatRequest.Path, JsonSerializer.Deserialize<Dictionary<string, string>>(page.RequestHeaders, ApiJson.Options)!,
                Encoding.UTF8.GetString(page.RequestBody)),
            head?.Status, head?.Headers, [.. page.Frames.Select(f => new FrameView(f.N, f.AtUs, Encoding.UTF8.GetString(f.Bytes)))], page.Next, page.Truncated));
    }

    /// <summary>As it stands: from its job while it runs.</summary>
    private async Task<StoredAnswer> FindAsync(HttpContext context)
    {
        var visitor = Visitor.Of(context);
        var id = RouteId.Of(context);
        var answer = runs.Find(id)?.State.ToStored();
        if (answer is null || answer.Identity.Visitor != visitor.Id)
        {
            answer = await store.FindAnswerAsync(visitor.Id, id, context.RequestAborted);
        }
        if (answer is null || !visitor.MaySee(answer.Identity.Project))
        {
            throw NotFound(id);
        }
        // Where its server died before it knew.
        return answer is { Facts: { IsRunning: false, Billed: null, RequestId: { } request } } && Guid.TryParse(request, out var record)
            && await bills.FindAsync(record, context.RequestAborted) is { } bill
            ? answer with { Facts = answer.Facts with { Billed = bill } }
            : answer;
    }

    /// <param name="Project">Who pays; may be left out where there is one choice.</param>
    /// <param name="Messages">The last one is the question.</param>
    private sealed record LoneQuestion(string? Model, string? Project, IReadOnlyList<ChatTurn>? Messages, ChatSettings? Settings);
}
