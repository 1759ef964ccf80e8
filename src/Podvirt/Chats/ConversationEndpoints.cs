using System.Globalization;
using System.Net.Mime;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Podvirt.Access;
using Podvirt.Api;
using Podvirt.Api.OpenApi;

namespace Podvirt.Chats;

/// <summary><c>/api/conversations</c>: a visitor's own. Another's is as if it were not there.</summary>
internal sealed class ConversationEndpoints(
    AccessGate gate, IConversationStore store, AnswerRuns runs, AnswerStarter starter, ChatChecks checks, TimeProvider time)
{
    private const int ListDefault = 50;
    private const int ListMax = 200;

    public void Map(IEndpointRouteBuilder api)
    {
        gate.Guard(api.MapGet("/conversations", (Delegate)ListAsync), Entry.Console).Describe(
            new ApiOperation("List your conversations, the latest first")
            {
                Query =
                [
                    new("model", "Those with this model"), new("search", "Those with this in their title or messages"),
                    new("request", "The one with the answer that is this usage record"),
                    new("limit", $"How many at most, 1 to {ListMax}; default {ListDefault}", "integer"), new("before", "The 'next' of the page before"),
                ],
                Answer = typeof(ConversationList),
                Refusals = [400],
            });
        gate.Guard(api.MapPost("/conversations", (Delegate)CreateAsync), Entry.Console).Describe(
            new ApiOperation("Begin a conversation") { Body = typeof(NewConversation), Answer = typeof(ConversationView), Status = 201, Refusals = [400, 404, 409] });
        gate.Guard(api.MapDelete("/conversations", (Delegate)DeleteAllAsync), Entry.Console).Describe(
            new ApiOperation("Delete all your conversations") { Answer = typeof(DeletedView) });
        gate.Guard(api.MapGet("/conversations/retention", (Delegate)ShowRetentionAsync), Entry.Console).Describe(
            new ApiOperation("Show how long your conversations are kept") { Answer = typeof(RetentionView) });
        gate.Guard(api.MapPut("/conversations/retention", (Delegate)SetRetentionAsync), Entry.Console).Describe(
            new ApiOperation("Set after how many days without a message they go") { Body = typeof(RetentionView), Answer = typeof(RetentionView), Refusals = [400] });
        gate.Guard(api.MapGet("/conversations/{id}", (Delegate)ShowAsync), Entry.Console).Describe(
            new ApiOperation("Show a conversation with all its messages") { Answer = typeof(ConversationView), Refusals = [404] });
        gate.Guard(api.MapPatch("/conversations/{id}", (Delegate)ChangeAsync), Entry.Console).Describe(
            new ApiOperation("Change title, settings, or the branch that is shown; what is left out stays")
            {
                Body = typeof(ConversationChange),
                Answer = typeof(ConversationView),
                Refusals = [400, 404],
            });
        gate.Guard(api.MapDelete("/conversations/{id}", (Delegate)DeleteAsync), Entry.Console).Describe(
            new ApiOperation("Delete a conversation") { Status = 204, Refusals = [404] });
        gate.Guard(api.MapGet("/conversations/{id}/export", (Delegate)ExportAsync), Entry.Console).Describe(
            new ApiOperation("Download a conversation: all of it as JSON, or the branch that is shown as Markdown")
            {
                Query = [new("format", "json or markdown; default json")],
                ContentType = MediaTypeNames.Application.Json,
                Refusals = [400, 404],
            });
        gate.Guard(api.MapPost("/conversations/{id}/answers", (Delegate)AnswerAsync), Entry.Console).Describe(
            new ApiOperation("Ask a question, or have one answered again") { Body = typeof(Question), Answer = typeof(BegunAnswer), Status = 202, Refusals = [400, 404, 409, 429, 503] });
    }

    public static ApiException NotFound(string id) =>
        new(StatusCodes.Status404NotFound, "conversation_not_found", $"There is no conversation '{id}'.", "id");

    private async Task<IResult> ListAsync(HttpContext context)
    {
        var visitor = Visitor.Of(context);
        var limit = (int)(ApiQuery.Number(context, "limit", 1, ListMax) ?? ListDefault);
        var page = await store.ListAsync(
            new ConversationQuery(visitor.Id, visitor.Projects, ApiQuery.Text(context, "model"), ApiQuery.Text(context, "search"), limit, Before(context))
            {
                Request = ApiQuery.Text(context, "request"),
            },
            context.RequestAborted);
        return ApiJson.Ok(new ConversationList(
            "list", [.. page.Conversations.Select(ConversationLine.Of)],
            page.Next is { } next ? string.Create(CultureInfo.InvariantCulture, $"{next.UpdatedUs}_{next.Id}") : null));
    }

    private async Task<IResult> CreateAsync(HttpContext context)
    {
        var visitor = Visitor.Of(context);
        var request = await ApiJson.ReadAsync<NewConversation>(context, ChatBounds.BodyBytes);
        var project = await checks.ProjectAsync(visitor, request.Project, context.RequestAborted);
        await checks.CheckModelAsync(request.Model, context.RequestAborted);
        var now = time.GetUtcNow();
        var conversation = new Conversation
        {
            Id = starter.NewId(),
            Visitor = visitor.Id,
            Project = project,
            Model = request.Model!,
            Title = request.Title is null ? "" : ChatChecks.Title(request.Title),
            SessionId = starter.NewId(),
            Settings = ChatChecks.Settings(request.Settings),
            CreatedAt = now,
            UpdatedAt = now,
        };
        return await store.CreateAsync(conversation, context.RequestAborted)
            ? ApiJson.Ok(ConversationView.Of(new ConversationTree(conversation, [])), StatusCodes.Status201Created)
            : throw new ApiException(
                StatusCodes.Status409Conflict, "too_many_conversations",
                $"You have {ChatBounds.ConversationsPerVisitor} conversations, which is as many as are kept. Delete some, or set a retention.");
    }

    private async Task<IResult> DeleteAllAsync(HttpContext context)
    {
        var visitor = Visitor.Of(context);
        runs.Stop(identity => identity.Visitor == visitor.Id && identity.Conversation is not null);
        return ApiJson.Ok(new DeletedView(await store.DeleteAsync(visitor.Id, id: null, context.RequestAborted)));
    }

    private async Task<IResult> ShowRetentionAsync(HttpContext context) =>
        ApiJson.Ok(new RetentionView(await store.RetentionAsync(Visitor.Of(context).Id, context.RequestAborted)));

    private async Task<IResult> SetRetentionAsync(HttpContext context)
    {
        var request = await ApiJson.ReadAsync<RetentionView>(context);
        if (request.Days is < 1 or > ChatBounds.RetentionDays)
        {
            throw ChatChecks.Invalid("invalid_retention", $"'days' takes a whole number from 1 to {ChatBounds.RetentionDays}, or null to keep them.", "days");
        }
        await store.SetRetentionAsync(Visitor.Of(context).Id, request.Days, context.RequestAborted);
        return ApiJson.Ok(request);
    }

    private async Task<IResult> ShowAsync(HttpContext context) => ApiJson.Ok(ConversationView.Of(await FindAsync(context)));

    private async Task<IResult> ChangeAsync(HttpContext context)
    {
        var tree = await FindAsync(context);
        var json = await ApiJson.ReadAsync<JsonElement>(context, ChatBounds.BodyBytes);
        var change = ApiJson.Convert<ConversationChange>(json);
        var title = json.TryGetProperty("title", out _) ? ChatChecks.Title(change.Title) : null;
        var settings = json.TryGetProperty("settings", out _) ? ChatChecks.Settings(change.Settings) : null;
        if (change.Leaf is { } leaf && tree.Find(leaf) is null)
        {
            throw MessageNotFound(leaf, "leaf");
        }
        var isDone = await store.ChangeAsync(Visitor.Of(context).Id, tree.Conversation.Id, title, settings, change.Leaf, context.RequestAborted);
        return isDone ? await ShowAsync(context) : throw NotFound(tree.Conversation.Id);
    }

    private async Task<IResult> DeleteAsync(HttpContext context)
    {
        var tree = await FindAsync(context);
        runs.Stop(identity => identity.Conversation == tree.Conversation.Id);
        return await store.DeleteAsync(tree.Conversation.Visitor, tree.Conversation.Id, context.RequestAborted) > 0
            ? Results.NoContent()
            : throw NotFound(tree.Conversation.Id);
    }

    private async Task<IResult> ExportAsync(HttpContext context)
    {
        var tree = await FindAsync(context);
        var format = ApiQuery.Text(context, "format") ?? "json";
        var name = $"conversation-{tree.Conversation.Id}";
        return format switch
        {
            "json" => Results.File(
                JsonSerializer.SerializeToUtf8Bytes(ConversationView.Of(tree), ConversationExport.Options), MediaTypeNames.Application.Json, $"{name}.json"),
            "markdown" => Results.File(ConversationExport.Markdown(tree), "text/markdown; charset=utf-8", $"{name}.md"),
            _ => throw ChatChecks.Invalid("invalid_parameter", $"'{format}' is not allowed; write json or markdown.", "format"),
        };
    }

    private async Task<IResult> AnswerAsync(HttpContext context)
    {
        var visitor = Visitor.Of(context);
        var tree = await FindAsync(context);
        var request = await ApiJson.ReadAsync<Question>(context, ChatBounds.BodyBytes);
        await checks.ProjectAsync(visitor, tree.Conversation.Project, context.RequestAborted);
        await checks.CheckModelAsync(tree.Conversation.Model, context.RequestAborted);
        var parent = request.Parent is { } id ? tree.Find(id) ?? throw MessageNotFound(id, "parent") : null;
        if (request.Content is null)
        {
            return parent is { Role: Message.User }
                ? ApiJson.Ok(await starter.BeginAsync(visitor, tree, question: null, parent), StatusCodes.Status202Accepted)
                : throw ChatChecks.Invalid("invalid_parent", "To have a question answered again, 'parent' is the id of that question; for a new one send 'content'.", "parent");
        }
        if (parent is { Role: not Message.Assistant })
        {
            throw ChatChecks.Invalid("invalid_parent", "A question follows an answer, or nothing: 'parent' is the id of an answer, or null.", "parent");
        }
        var question = new Message(starter.NewId(), parent?.Id, Message.User, ChatChecks.Content(request.Content), time.GetUtcNow(), null);
        return ApiJson.Ok(await starter.BeginAsync(visitor, tree, question, parent: null), StatusCodes.Status202Accepted);
    }

    /// <summary>With its running answers as they stand.</summary>
    private async Task<ConversationTree> FindAsync(HttpContext context)
    {
        var visitor = Visitor.Of(context);
        var id = RouteId.Of(context);
        var tree = await store.FindAsync(visitor.Id, id, context.RequestAborted);
        return tree is not null && visitor.MaySee(tree.Conversation.Project)
            ? tree with { Messages = [.. tree.Messages.Select(WithJob)] }
            : throw NotFound(id);
    }

    private Message WithJob(Message message) =>
        message.Answer is not null && runs.Find(message.Id) is { } job ? message with { Answer = job.State.ToStored() } : message;

    private static ApiException MessageNotFound(string id, string param) =>
        new(StatusCodes.Status404NotFound, "message_not_found", $"The conversation has no message '{id}'.", param);

    private static ConversationPlace? Before(HttpContext context)
    {
        if (ApiQuery.Text(context, "before") is not { } text)
        {
            return null;
        }
        var at = text.IndexOf('_', StringComparison.Ordinal);
        return at > 0 && long.TryParse(text.AsSpan(0, at), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var updated)
            ? new ConversationPlace(updated, text[(at + 1)..])
            : throw ChatChecks.Invalid("invalid_parameter", "'before' is the 'next' of a page.", "before");
    }

    /// <param name="Project">Who pays; may be left out where there is one choice.</param>
    private sealed record NewConversation(string? Model, string? Project, string? Title, ChatSettings? Settings);

    /// <param name="Settings">All of them.</param>
    /// <param name="Leaf">The last message of the branch to be shown.</param>
    private sealed record ConversationChange(string? Title, ChatSettings? Settings, string? Leaf);

    /// <param name="Parent">The answer that the question follows (null: a first one); without a content the question that is answered again.</param>
    private sealed record Question(string? Parent, string? Content);
}
