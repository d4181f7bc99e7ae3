"""Small programs that resolve through a library: each prints one line per address (or record) it found, or the error."""

C_GETADDRINFO = r"""
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#ifndef EAI_NODATA
#define EAI_NODATA -5
#endif
int main(int argc, char** argv) {
  struct addrinfo hints, *found, *at;
  memset(&hints, 0, sizeof hints);
  hints.ai_family = argc > 2 && !strcmp(argv[2], "AAAA") ? AF_INET6 : AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  int error = getaddrinfo(argv[1], 0, &hints, &found);
  if (error) return printf("%s\n", error == EAI_NONAME ? "NXDOMAIN" : error == EAI_NODATA ? "NODATA" : gai_strerror(error)), 0;
  for (at = found; at; at = at->ai_next) {
    char text[64];
    getnameinfo(at->ai_addr, at->ai_addrlen, text, sizeof text, 0, 0, NI_NUMERICHOST);
    puts(text);
  }
  return 0;
}
"""

# res_query has the type's number, so that musl too can be asked for TXT and HTTPS; the answer's octets go through.
C_RES_QUERY = r"""
#include <netdb.h>
#include <netinet/in.h>
#include <arpa/nameser.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#ifndef NO_DATA
#define NO_DATA 4
#endif
int main(int argc, char** argv) {
  static unsigned char answer[65535];
  int size = res_query(argv[1], 1, atoi(argv[2]), answer, sizeof answer);
  if (size < 0) return puts(h_errno == HOST_NOT_FOUND ? "NXDOMAIN" : h_errno == NO_DATA ? "NODATA" : "failed"), 0;
  for (int i = 0; i < size; ++i) printf("%02x", answer[i]);
  puts("");
  return 0;
}
"""

C_ARES = r"""
#include <ares.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/select.h>
static void done(void* unused, int status, int timeouts, unsigned char* answer, int size) {
  (void)unused, (void)timeouts;
  if (status != ARES_SUCCESS) {
    puts(status == ARES_ENOTFOUND ? "NXDOMAIN" : status == ARES_ENODATA ? "NODATA" : ares_strerror(status));
    return;
  }
  for (int i = 0; i < size; ++i) printf("%02x", answer[i]);
  puts("");
}
int main(int argc, char** argv) {
  ares_channel channel;
  ares_library_init(ARES_LIB_INIT_ALL);
  if (argc < 3 || ares_init(&channel)) return 1;
  ares_query(channel, argv[1], 1, atoi(argv[2]), done, 0);
  for (;;) {
    fd_set readers, writers;
    struct timeval wait, *until;
    FD_ZERO(&readers);
    FD_ZERO(&writers);
    int most = ares_fds(channel, &readers, &writers);
    if (most == 0) break;
    until = ares_timeout(channel, 0, &wait);
    select(most, &readers, &writers, 0, until);
    ares_process(channel, &readers, &writers);
  }
  ares_destroy(channel);
  return 0;
}
"""

NODE = r"""
const dns = require("node:dns").promises;
const [name, kind] = process.argv.slice(1);
const show = (found) => found.forEach((item) => console.log(Array.isArray(item) ? item.join("") : typeof item === "string" ? item : item.address));
(kind === "LOOKUP" ? dns.lookup(name, { all: true }) : dns.resolve(name, kind)).then(show).catch(
  (error) => console.log({ ENOTFOUND: "NXDOMAIN", ENODATA: "NODATA" }[error.code] || error.code));
"""

PYTHON = r"""
import socket, sys
try:
    family = socket.AF_INET6 if sys.argv[2] == "AAAA" else socket.AF_INET
    print(*sorted({found[4][0] for found in socket.getaddrinfo(sys.argv[1], None, family)}), sep="\n")
except socket.gaierror as error:
    print({socket.EAI_NONAME: "NXDOMAIN", getattr(socket, "EAI_NODATA", -5): "NODATA"}.get(error.errno, error))
"""

GO = r"""
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
)

func main() {
	resolver := &net.Resolver{PreferGo: true}
	name, kind := os.Args[1], os.Args[2]
	var found []string
	var err error
	if kind == "TXT" {
		found, err = resolver.LookupTXT(context.Background(), name)
	} else {
		var addresses []net.IP
		network := map[string]string{"A": "ip4", "AAAA": "ip6"}[kind]
		addresses, err = resolver.LookupIP(context.Background(), network, name)
		for _, address := range addresses {
			found = append(found, address.String())
		}
	}
	var wrong *net.DNSError
	if errors.As(err, &wrong) {
		if wrong.IsNotFound {
			fmt.Println("NXDOMAIN") // Go says the same of NODATA
		} else {
			fmt.Println(err)
		}
	}
	for _, line := range found {
		fmt.Println(line)
	}
}
"""

JAVA = r"""
import java.net.*;
import java.util.*;
import javax.naming.*;
import javax.naming.directory.*;

public class Resolve {
  public static void main(String[] words) throws Exception {
    if (words[1].equals("TXT")) {
      Hashtable<String, String> settings = new Hashtable<>();
      settings.put(Context.INITIAL_CONTEXT_FACTORY, "com.sun.jndi.dns.DnsContextFactory");
      settings.put(Context.PROVIDER_URL, "dns://127.0.0.1");
      Attribute found = new InitialDirContext(settings).getAttributes(words[0], new String[] {"TXT"}).get("TXT");
      for (int i = 0; i < found.size(); ++i) System.out.println(found.get(i));
      return;
    }
    boolean six = words[1].equals("AAAA");
    int printed = 0;
    try {
      for (InetAddress address : InetAddress.getAllByName(words[0]))
        if ((address instanceof Inet6Address) == six) {
          System.out.println(address.getHostAddress());
          ++printed;
        }
    } catch (UnknownHostException unknown) {
      System.out.println("NXDOMAIN");  // Java says the same of NODATA
      return;
    }
    if (printed == 0) System.out.println("NODATA");
  }
}
"""

# A link that is up and leads nowhere: some clients look nothing up on a machine that has none.
LINK = r"""
import fcntl, os, struct, subprocess, time
link = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(link, 0x400454CA, struct.pack("16sH", b"link0", 0x1001))
for words in ("addr add 198.51.100.2/24 dev link0", "addr add 2001:db8:1::2/64 dev link0 nodad", "link set link0 up", "route add default dev link0", "-6 route add default dev link0"):
    subprocess.run(["ip", *words.split()], check=True)
print("up", flush=True)
time.sleep(3600)
"""
