using System.IO.Hashing;
using System.Text;
using Podvirt.Core.Requests;

namespace Podvirt.Gateway.Affinity;

/// <summary>The number that stands for a session. The same on every gateway.</summary>
internal static class SessionHash
{
    public const int SessionIdBytesMax = 256;

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
    public static ulong OfConversation(string key, ReadOnlySpan<byte> body, in PeekedRequest request)
    {
        var hash = OfText(key);
        hash = XxHash3.HashToUInt64(request.SystemPrompt.Of(body), unchecked((long)hash));
        return XxHash3.HashToUInt64(request.FirstUserMessage.Of(body), unchecked((long)hash));
    }

    public static ulong OfText(string text) => XxHash3.HashToUInt64(System.Runtime.InteropServices.MemoryMarshal.AsBytes(text.AsSpan()));
}
