# bash completion for tacet(1)

_tacet() {
  local verbs='run check schema query status doctor flush cache explain exposure log-level reload install uninstall browser migrate takeover'
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb=${COMP_WORDS[1]} options=''
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W "$verbs --help --version" -- "$word")
    return
  fi
  case $before in
    --config) mapfile -t COMPREPLY < <(compgen -f -X '!*.y?(a)ml' -- "$word"; compgen -d -- "$word") ;;
    --socket) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    --root) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    --log-level) mapfile -t COMPREPLY < <(compgen -W 'error warn info debug' -- "$word") ;;
    --manager)
      mapfile -t COMPREPLY < <(compgen -W 'systemd-resolved NetworkManager resolvconf openresolv plain networksetup' -- "$word")
      ;;
    --from)
      mapfile -t COMPREPLY < <(compgen -W 'cloudflared dnscrypt-proxy stubby https-dns-proxy smartdns dnsproxy unbound-forward' -- "$word")
      ;;
    --only) mapfile -t COMPREPLY < <(compgen -W 'path reach who net tls host warp clock self' -- "$word") ;;
    --canaries) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    --listen | --upstream | --bootstrap | --proxy | --via | --workers | --below | --interval | --explain | --server | --unit) ;;
    *)
      case $verb in
        run) options='--config --listen --upstream --bootstrap --workers --log-level --socket' ;;
        check) options='--service --config' ;;
        query) options='--dnssec --config --upstream --bootstrap --proxy --via' ;;
        status) options='--json --watch --page --names --interval --socket --config' ;;
        doctor) options='--json --all --dry-run --portal-probe --redact --paths --only --canaries --upstream --bootstrap --socket --config' ;;
        flush) options='--below --all --socket --config' ;;
        cache) options='--below --json --socket --config' ;;
        explain) options='--json --socket --config' ;;
        exposure) options='--json --clear --explain --socket --config' ;;
        log-level | reload) options='--socket --config' ;;
        install) options='--manager --server --dry-run --root --socket --config' ;;
        uninstall) options='--dry-run --root' ;;
        browser) options='--firefox --dry-run --root --config' ;;
        migrate) options='--from' ;;
        takeover) options='--unit --dry-run --config --socket' ;;
      esac
      mapfile -t COMPREPLY < <(compgen -W "$options --help" -- "$word")
      [[ $verb != log-level || $word == -* ]] || mapfile -t COMPREPLY < <(compgen -W 'error warn info debug' -- "$word")
      [[ $verb != browser || $word == -* ]] || mapfile -t COMPREPLY < <(compgen -W 'setup undo status renew' -- "$word")
      [[ $verb != migrate && $verb != takeover || $word == -* ]] || mapfile -t COMPREPLY < <(compgen -f -- "$word")
      ;;
  esac
}

complete -o filenames -F _tacet tacet
