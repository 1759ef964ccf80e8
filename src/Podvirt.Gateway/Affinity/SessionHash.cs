using System.IO.Hashing;
using System.Text;
using Podvirt.Core.Requests;

namespace Podvirt.Gateway.Affinity;

/// <summary>The number that stands for a session. The same on every gateway.</summary>
internal static class SessionHash
{
    public const int SessionIdBytesMax = 256;

    /// <summary>
    /// What is hashed of a plain completion's prompt. It has no messages that stay: a conversation in it grows at its end.
    /// Long enough to tell texts apart, short enough to be there from the first turn on.
    /// </summary>
    public const int PromptBytesMax = 256;

    /// <summary>From <c>X-Podvirt-Session-Id</c>, within one project: others cannot steer where its sessions go.</summary>
    public static ulong OfHeader(string project, string sessionId)
    {
        Span<byte> utf8 = stackalloc byte[SessionIdBytesMax];
        return Rendezvous.Mix(XxHash3.HashToUInt64(utf8[..Encoding.ASCII.GetBytes(sessionId, utf8)]), OfText(project));
    }

    /// <summary>
    /// Without the header: key, system prompt and first user message. They stay the same while a conversation grows, so
    /// its turns meet the prefix cache that its first turn filled.
    /// </summary>
    public static ulong OfConversation(string key, ReadOnlySpan<byte> body, in PeekedRequest request, int messageBytesMax = int.MaxValue)
    {
        var message = request.FirstUserMessage.Of(body);
        var hash = OfText(key);
        hash = XxHash3.HashToUInt64(request.SystemPrompt.Of(body), unchecked((long)hash));
        return XxHash3.HashToUInt64(message[..Math.Min(message.Length, messageBytesMax)], unchecked((long)hash));
    }

    public static ulong OfText(string text) => XxHash3.HashToUInt64(System.Runtime.InteropServices.MemoryMarshal.AsBytes(text.AsSpan()));
}
