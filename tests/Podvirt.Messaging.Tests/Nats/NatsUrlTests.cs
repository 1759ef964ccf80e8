using Podvirt.Messaging.Nats;

namespace Podvirt.Messaging.Tests.Nats;

public sealed class NatsUrlTests
{
    [Theory]
    [InlineData("nats://a:4222", "nats://a:4222", null, null, null)]
    [InlineData("a, tls://b:1 ,", "nats://a:4222,tls://b:1", null, null, null)]
    [InlineData("nats://us%40er:p%3Aw@a,nats://other:x@b", "nats://a:4222,nats://b:4222", "us@er", "p:w", null)]
    [InlineData("nats://t0ken@a", "nats://a:4222", null, null, "t0ken")]
    [InlineData("nats://[::1]:4333", "nats://[::1]:4333", null, null, null)]
    public void ServerList_IsReadApartFromItsSecrets(string text, string servers, string? user, string? password, string? token)
    {
        var url = NatsUrl.Parse(text);

        Assert.Equal((servers, user, password, token), (url.Servers, url.User, url.Password, url.Token));
        Assert.Equal(servers, url.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData(" , ")]
    [InlineData("http://user:secret@a")]
    [InlineData("nats://")]
    public void SomethingElse_IsRefusedAndNotRepeated(string text)
    {
        var error = Assert.Throws<ArgumentException>(() => NatsUrl.Parse(text));

        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }
}
