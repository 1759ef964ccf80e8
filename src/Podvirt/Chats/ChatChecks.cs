using Microsoft.AspNetCore.Http;
using Podvirt.Access;
using Podvirt.Api;
using Podvirt.Catalogs;
using Podvirt.Core.Models;
using Podvirt.Core.Projects;
using Podvirt.Projects;

namespace Podvirt.Chats;

/// <summary>What a chat may be asked, and by whom. Every refusal names what is wrong and what would be right.</summary>
internal sealed class ChatChecks(CatalogStore catalog, ProjectStore projects)
{
    private const double TemperatureMax = 2;
    private const int MaxTokensMax = 10_000_000;

    /// <summary>The id of a project that this visitor may spend for.</summary>
    /// <exception cref="ApiException">There is none, it is archived, or more than one is meant.</exception>
    public async Task<string> ProjectAsync(Visitor visitor, string? project, CancellationToken cancellationToken)
    {
        project = visitor.Choose(project) ?? Project.Default;
        var found = await projects.FindAsync(project, cancellationToken) ?? throw ProjectEndpoints.NotFound(project, "project");
        return found.ArchivedAt is null
            ? found.Id
            : throw new ApiException(
                StatusCodes.Status409Conflict, "project_archived", $"The project '{project}' is archived. Choose another, or take it back.", "project");
    }

    /// <exception cref="ApiException">There is no such model, or it does not chat.</exception>
    public async Task CheckModelAsync(string? id, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(id))
        {
            throw Invalid("model_required", "Say which model answers: 'model' is the id of one of type chat or code.", "model");
        }
        var model = (await catalog.ReadAsync(cancellationToken)).Models.FirstOrDefault(m => m.Id == id)
            ?? throw new ApiException(
                StatusCodes.Status404NotFound, "model_not_found", $"There is no model '{id}'. GET /api/models lists the models there are.", "model");
        if (model.Type is not (ModelType.Chat or ModelType.Code))
        {
            var use = model.Type == ModelType.Embedding ? "POST /v1/embeddings answers it" : "the video page of the console is for it";
            throw Invalid("wrong_model_type", $"'{id}' is a model of type {model.Type.ToName()}: {use}. Chat takes models of type chat and code.", "model");
        }
    }

    /// <exception cref="ApiException">One of them is out of its bounds.</exception>
    public static ChatSettings Settings(ChatSettings? settings)
    {
        if (settings is null)
        {
            return ChatSettings.Default;
        }
        if (settings.Temperature is { } temperature && (temperature is < 0 or > TemperatureMax || double.IsNaN(temperature)))
        {
            throw Invalid("invalid_settings", $"'temperature' takes a number from 0 to {TemperatureMax}, or null for the engine's own.", "settings.temperature");
        }
        if (settings.MaxTokens is < 1 or > MaxTokensMax)
        {
            throw Invalid("invalid_settings", $"'max_tokens' takes a whole number from 1 to {MaxTokensMax}, or null for the engine's own.", "settings.max_tokens");
        }
        var stops = settings.Stop ?? [];
        if (stops.Count > ChatBounds.StopSequences || stops.Any(s => s is not { Length: > 0 and <= ChatBounds.StopChars }))
        {
            throw Invalid(
                "invalid_settings", $"'stop' takes at most {ChatBounds.StopSequences} texts of 1 to {ChatBounds.StopChars} characters.", "settings.stop");
        }
        var system = settings.System ?? "";
        if (system.Length > ChatBounds.ContentChars)
        {
            throw Invalid("invalid_settings", $"'system' takes at most {ChatBounds.ContentChars} characters.", "settings.system");
        }
        return new ChatSettings(system, settings.Temperature, settings.MaxTokens, stops);
    }

    /// <exception cref="ApiException">Empty, or too long.</exception>
    public static string Content(string? content, string param = "content") => content switch
    {
        null or "" => throw Invalid("content_required", $"'{param}' is the question, and may not be empty.", param),
        { Length: > ChatBounds.ContentChars } => throw Invalid(
            "content_too_long", $"'{param}' has {content.Length} characters; {ChatBounds.ContentChars} are as many as one message may have.", param),
        _ => content,
    };

    /// <exception cref="ApiException">A turn is none, or the last one is no question.</exception>
    public static IReadOnlyList<ChatTurn> Turns(IReadOnlyList<ChatTurn>? turns)
    {
        if (turns is not { Count: > 0 and <= ChatBounds.MessagesPerCall })
        {
            throw Invalid("invalid_messages", $"'messages' takes 1 to {ChatBounds.MessagesPerCall} of {{\"role\",\"content\"}}.", "messages");
        }
        for (var at = 0; at < turns.Count; at++)
        {
            if (turns[at] is not { Role: Message.User or Message.Assistant or ChatTurn.System })
            {
                throw Invalid("invalid_messages", "'role' is system, user or assistant.", $"messages[{at}].role");
            }
            Content(turns[at].Content, $"messages[{at}].content");
        }
        return turns[^1].Role == Message.User
            ? turns
            : throw Invalid("invalid_messages", "The last message is the question: its role is user.", $"messages[{turns.Count - 1}].role");
    }

    /// <exception cref="ApiException">Empty, too long, or not on one line.</exception>
    public static string Title(string? title)
    {
        var trimmed = title?.Trim() ?? "";
        return trimmed.Length is > 0 and <= ChatBounds.TitleChars && !trimmed.Any(char.IsControl)
            ? trimmed
            : throw Invalid("invalid_title", $"'title' takes 1 to {ChatBounds.TitleChars} characters on one line.", "title");
    }

    /// <summary>The beginning of a question, as a title.</summary>
    public static string TitleOf(string question)
    {
        const int CharsMax = 80;
        var words = string.Join(' ', question[..Math.Min(question.Length, CharsMax * 4)].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        var clean = string.Concat(words.Where(c => !char.IsControl(c)));
        if (clean.Length <= CharsMax)
        {
            return clean;
        }
        var end = clean.LastIndexOf(' ', CharsMax) is var space and > CharsMax / 2 ? space : CharsMax;
        end -= char.IsHighSurrogate(clean[end - 1]) ? 1 : 0;
        return clean[..end] + "…";
    }

    public static ApiException Invalid(string code, string message, string param) => new(StatusCodes.Status400BadRequest, code, message, param);
}
