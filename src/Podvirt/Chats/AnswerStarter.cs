using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Podvirt.Access;
using Podvirt.Api;

namespace Podvirt.Chats;

/// <summary>Begins answers.</summary>
internal sealed class AnswerStarter(AnswerRuns runs, TimeProvider time)
{
    private const string SessionHeader = "X-Podvirt-Session-Id";

    public string NewId() => Guid.CreateVersion7(time.GetUtcNow()).ToString();

    /// <summary>In a conversation.</summary>
    /// <param name="tree">As it was read.</param>
    /// <param name="question">New; null: <paramref name="parent"/> is answered again.</param>
    /// <param name="parent">The question that is answered again.</param>
    /// <exception cref="ApiException">There is no room, another one runs, or the conversation is gone.</exception>
    public async Task<BegunAnswer> BeginAsync(Visitor visitor, ConversationTree tree, Message? question, Message? parent)
    {
        var conversation = tree.Conversation;
        var asked = question ?? parent!;
        IReadOnlyList<Message> branch = question is null ? tree.Branch(parent!.Id) : [.. tree.Branch(question.Parent), question];
        var identity = new AnswerIdentity(NewId(), visitor.Id, conversation.Project, conversation.Model, conversation.Id);
        var stored = await BeginAsync(
            identity, ChatRequest.Body(conversation.Model, ChatRequest.TurnsOf(branch), conversation.Settings), conversation.SessionId, question, asked.Id,
            question is null ? null : ChatChecks.TitleOf(question.Content));
        var answer = new Message(identity.Id, asked.Id, Message.Assistant, "", stored.Facts.StartedAt, stored);
        return new BegunAnswer(question is null ? null : MessageView.Of(question), MessageView.Of(answer));
    }

    /// <summary>Without one.</summary>
    /// <exception cref="ApiException">There is no room.</exception>
    public async Task<AnswerView> BeginAloneAsync(Visitor visitor, string project, string model, IReadOnlyList<ChatTurn> turns, ChatSettings settings)
    {
        var identity = new AnswerIdentity(NewId(), visitor.Id, project, model, Conversation: null);
        return AnswerView.Of(await BeginAsync(identity, ChatRequest.Body(model, turns, settings), identity.Id, question: null, parent: null, title: null));
    }

    private async Task<StoredAnswer> BeginAsync(
        AnswerIdentity identity, ReadOnlyMemory<byte> body, string session, Message? question, string? parent, string? title)
    {
        KeyValuePair<string, string>[] headers = [new("Accept", "text/event-stream"), new("Content-Type", "application/json"), new(SessionHeader, session)];
        var shown = headers.ToDictionary(h => h.Key.ToLowerInvariant(), h => h.Value, StringComparer.Ordinal);
        var facts = new AnswerFacts { StartedAt = time.GetUtcNow() };
        var (room, outcome) = await runs.BeginAsync(
            new NewAnswer(identity, facts, question, parent, title, JsonSerializer.Serialize(shown, ApiJson.Options), body), headers);
        return (room, outcome) switch
        {
            (Room.VisitorFull, _) => throw new ApiException(
                StatusCodes.Status429TooManyRequests, "too_many_answers",
                $"{ChatBounds.AnswersPerVisitor} of your answers are running, which is as many as may. Stop one, or wait for an end."),
            (Room.ServerFull, _) => throw new ApiException(
                StatusCodes.Status503ServiceUnavailable, "server_busy", $"{runs.RunningMax} answers are running, which is as many as may. Try again in a moment."),
            (Room.ShuttingDown, _) => throw new ApiException(StatusCodes.Status503ServiceUnavailable, "shutting_down", "This server is shutting down. Try again."),
            (_, BeginOutcome.Gone) => throw ConversationEndpoints.NotFound(identity.Conversation!),
            (_, BeginOutcome.Running) => throw new ApiException(
                StatusCodes.Status409Conflict, "answer_running", "An answer of this conversation is running. Stop it, or wait for its end."),
            (_, BeginOutcome.Full) => throw new ApiException(
                StatusCodes.Status409Conflict, "conversation_full",
                $"A conversation holds {ChatBounds.MessagesPerConversation} messages, or {ChatBounds.ConversationBytes >> 20} MiB of them. Begin another one."),
            _ => new StoredAnswer(identity, facts, "", null),
        };
    }
}
