using Podvirt.Simulator.Chat;

namespace Podvirt.Simulator.Responses;

/// <summary>A response that the engine keeps.</summary>
/// <param name="Conversation">What the model was asked.</param>
/// <param name="Output">What it answered.</param>
/// <param name="Body">The response as JSON.</param>
/// <param name="Cancelled">What it becomes when it is cancelled; null when it no longer can be.</param>
internal sealed record StoredResponse(
    string Status,
    IReadOnlyList<ChatMessage> Conversation,
    IReadOnlyList<OutputItem> Output,
    ReadOnlyMemory<byte> Body,
    StoredResponse? Cancelled = null);
