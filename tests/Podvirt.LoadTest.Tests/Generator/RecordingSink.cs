using Podvirt.LoadTest.Generator;

namespace Podvirt.LoadTest.Tests.Generator;

/// <summary>Notes what a reply turned out to be.</summary>
internal sealed class RecordingSink : IReplySink
{
    public List<ReplyHead> Heads { get; } = [];

    public List<ReplyEvent> Events { get; } = [];

    public int Ends { get; private set; }

    public void OnHead(ReplyHead head) => Heads.Add(head);

    public void OnEvent(ReplyEvent item) => Events.Add(item);

    public void OnEnd() => Ends++;
}
